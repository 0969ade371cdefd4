#include "tests/chaos/bookings.h"

#include <fmt/format.h>

#include <filesystem>
#include <map>
#include <ostream>
#include <set>

#include "finalmile/appointments/v1/appointment_event.pb.h"
#include "finalmile/appointments/v1/appointment_service.pb.h"
#include "libs/base/random.h"
#include "libs/base/status.h"
#include "libs/outbox/topic.h"
#include "libs/rpc/errors.h"
#include "libs/rpc/timestamps.h"
#include "services/appointments/wiring.h"

namespace finalmile::chaos {
namespace {

using namespace appointments::v1;

// Half an hour each, on one day.
constexpr int kTimes = 24;
constexpr absl::Duration kLength = absl::Minutes(30);
constexpr absl::Duration kPatience = absl::Minutes(1);
constexpr char kHost[] = "hosts/ben";

UpsertHostRequest HostAtAllHours() {
  UpsertHostRequest request;
  Host& host = *request.mutable_host();
  host.set_name(kHost);
  host.set_daily_cap(50);
  *host.mutable_notice() = rpc::ToDuration(absl::ZeroDuration());
  for (int weekday = 1; weekday <= 7; ++weekday) {
    WeeklyInterval& day = *host.add_weekly_hours();
    day.set_weekday(weekday);
    day.set_end_minute(24 * 60);
  }
  for (const char* path : {"daily_cap", "notice", "weekly_hours"})
    request.mutable_update_mask()->add_paths(path);
  return request;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Bookings>> Bookings::Start(const std::string& store,
                                                          const std::string& sound_store,
                                                          testing::KafkaBroker& kafka) {
  auto bookings = std::unique_ptr<Bookings>(new Bookings());
  bookings->log_path_ =
      (std::filesystem::temp_directory_path() /
       fmt::format("finalmile-bookings-{}.log", sound_store.substr(sound_store.rfind('/') + 1)))
          .string();
  ASSIGN_OR_RETURN(bookings->replicas_,
                   testing::Replicas::Start({.service = &appointments::kModule,
                                             .program = FINALMILE_APPOINTMENTS_BINARY,
                                             .store = store,
                                             .sound_store = sound_store,
                                             .events = kafka.url(),
                                             .flags = {"--drain", "5s", "--lame-duck", "500ms"},
                                             .log = bookings->log_path_}));
  bookings->clients_ = std::make_unique<Clients>(*bookings->replicas_);
  const absl::Time now = bookings->replicas_->clock().Now();
  bookings->first_time_ =
      absl::FromCivil(absl::ToCivilDay(now, absl::UTCTimeZone()) + 1, absl::UTCTimeZone());
  Host made;
  RETURN_IF_ERROR(bookings->Call("UpsertHost", HostAtAllHours(), 0, made));
  return bookings;
}

void Bookings::StartClients(int clients) {
  meetings_.resize(static_cast<size_t>(clients));
  clients_->Start(clients, [this](int client, int64_t turn) { Write(client, turn); });
}

absl::Status Bookings::Call(std::string_view method, const google::protobuf::Message& request, int64_t turn,
                            google::protobuf::Message& response) {
  return clients_->Call(fmt::format("/finalmile.appointments.v1.AppointmentService/{}", method), request,
                        static_cast<uint64_t>(turn), response);
}

absl::Time Bookings::SomeTime() {
  return first_time_ + static_cast<int64_t>(replicas_->rng().Below(kTimes)) * kLength;
}

void Bookings::Lost(const absl::Status& answer) {
  const auto info = rpc::ErrorInfoOf(answer);
  if (rpc::ReasonOf(answer) != "SLOT_TAKEN" || !info->metadata().contains("alternative_1")) {
    clients_->Fail(answer);
    return;
  }
  ++taken_;
}

void Bookings::Write(int client, int64_t turn) {
  std::vector<Meeting*> planned;
  for (Meeting& meeting : meetings_[static_cast<size_t>(client)]) {
    if (!meeting.cancelled) planned.push_back(&meeting);
  }
  const uint64_t choice = replicas_->rng().Below(10);
  if (planned.empty() || choice < 3) {
    Book(client, turn);
    return;
  }
  Meeting& meeting = *planned[replicas_->rng().Below(planned.size())];
  if (choice < 7) {
    Move(client, turn, meeting);
  } else {
    Cancel(client, turn, meeting);
  }
}

void Bookings::Book(int client, int64_t turn) {
  BookAppointmentRequest request;
  request.set_request_id(fmt::format("b{}-{}", client, turn));
  request.set_lead("leads/" + NewUuid(replicas_->clock(), replicas_->rng()));
  request.set_host(kHost);
  *request.mutable_start_time() = rpc::ToTimestamp(SomeTime());
  Appointment booked;
  const absl::Status answer = Call("BookAppointment", request, turn, booked);
  if (!answer.ok()) return Lost(answer);
  meetings_[static_cast<size_t>(client)].push_back(
      {.name = booked.name(), .start = rpc::FromTimestamp(request.start_time())});
  ++booked_;
}

void Bookings::Move(int client, int64_t turn, Meeting& meeting) {
  RescheduleAppointmentRequest request;
  request.set_request_id(fmt::format("m{}-{}", client, turn));
  request.set_name(meeting.name);
  const absl::Time start = SomeTime();
  if (start == meeting.start) return;
  *request.mutable_start_time() = rpc::ToTimestamp(start);
  Appointment moved;
  const absl::Status answer = Call("RescheduleAppointment", request, turn, moved);
  if (!answer.ok()) return Lost(answer);
  meeting.start = start;
  ++meeting.sequence;
  ++moved_;
}

void Bookings::Cancel(int client, int64_t turn, Meeting& meeting) {
  CancelAppointmentRequest request;
  request.set_request_id(fmt::format("c{}-{}", client, turn));
  request.set_name(meeting.name);
  request.set_by(CANCELLED_BY_US);
  request.set_reason("chaos");
  Appointment cancelled;
  if (const absl::Status answer = Call("CancelAppointment", request, turn, cancelled); !answer.ok()) {
    clients_->Fail(answer);
    return;
  }
  meeting.cancelled = true;
  ++meeting.sequence;
  ++cancelled_;
}

absl::StatusOr<Bookings::Counts> Bookings::Check() {
  RETURN_IF_ERROR(clients_->failures());
  for (const absl::Status& found : {CheckStore(), CheckTopic()}) {
    if (!found.ok())
      return absl::Status(found.code(), fmt::format("{}; see {}", std::string(found.message()), log_path_));
  }
  std::filesystem::remove(log_path_);
  return Counts{booked_, moved_, cancelled_, taken_};
}

absl::Status Bookings::CheckStore() {
  storage::Result stored;
  int64_t overlaps = -1;
  RETURN_IF_ERROR(replicas_->database().Transact(
      {.deadline = replicas_->clock().Steady() + kPatience, .read_only = true},
      [&](storage::Transaction& transaction) -> absl::Status {
        ASSIGN_OR_RETURN(
            stored,
            transaction.Execute("SELECT id, sequence, start_time, planned FROM appointments ORDER BY id"));
        ASSIGN_OR_RETURN(const storage::Result found, transaction.Execute(R"sql(
SELECT COUNT(*) FROM claims AS a
JOIN claims AS b ON a.host = b.host AND a.id < b.id AND a.busy_start < b.busy_end AND b.busy_start < a.busy_end)sql"));
        overlaps = found.rows.front().Int(0);
        return absl::OkStatus();
      }));
  if (overlaps != 0) return absl::DataLossError(fmt::format("{} meetings overlap", overlaps));
  std::map<std::string, Meeting> expected;
  for (const std::vector<Meeting>& mine : meetings_) {
    for (const Meeting& meeting : mine) expected[meeting.name] = meeting;
  }
  if (stored.rows.size() != expected.size()) {
    return absl::DataLossError(
        fmt::format("{} meetings are stored, {} were acknowledged", stored.rows.size(), expected.size()));
  }
  for (const storage::Row& row : stored.rows) {
    const std::string name = "appointments/" + row.Text(0);
    const auto found = expected.find(name);
    if (found == expected.end()) return absl::DataLossError(name + " was acknowledged to nobody");
    const Meeting& meeting = found->second;
    if (row.Int(1) != meeting.sequence || FromMicros(row.Int(2)) != meeting.start ||
        row.Bool(3) == meeting.cancelled) {
      return absl::DataLossError(fmt::format("{} is not as it was acknowledged: sequence {} for {}", name,
                                             row.Int(1), meeting.sequence));
    }
  }
  return absl::OkStatus();
}

// One event for each change: set, moved so often, cancelled; each with the next seq of its meeting.
absl::Status Bookings::CheckTopic() {
  struct Seen {
    int64_t seq = 0;
    int64_t set = 0;
    int64_t moved = 0;
    int64_t cancelled = 0;
  };
  std::map<std::string, Seen> seen;
  std::map<std::string, Meeting> expected;
  for (const std::vector<Meeting>& mine : meetings_) {
    for (const Meeting& meeting : mine) expected[meeting.name] = meeting;
  }
  const auto complete = [&] {
    for (const auto& [name, meeting] : expected) {
      const Seen& one = seen[name];
      if (one.set != 1 || one.cancelled != (meeting.cancelled ? 1 : 0) ||
          one.moved + one.cancelled != meeting.sequence)
        return false;
    }
    return true;
  };
  const std::unique_ptr<WaitEvent> wake = replicas_->clock().NewWaitEvent();
  const absl::Duration deadline = replicas_->clock().Steady() + kPatience;
  ASSIGN_OR_RETURN(const auto tail, replicas_->events().OpenTail({outbox::TopicName<AppointmentEvent>()},
                                                                 events::TailFrom::kStart, deadline, *wake));
  while (!complete()) {
    ASSIGN_OR_RETURN(const std::vector<events::Record> records, tail->Poll(1000));
    for (const events::Record& record : records) {
      // The topic holds what earlier tests booked, too.
      if (!expected.contains(record.key)) continue;
      AppointmentEvent event;
      if (!event.ParseFromString(record.value)) return absl::DataLossError("an event cannot be read");
      Seen& one = seen[record.key];
      // A relay that was not sure sends again.
      if (event.seq() <= one.seq) continue;
      if (event.seq() != one.seq + 1)
        return absl::DataLossError(fmt::format("{} has no event {}", record.key, one.seq + 1));
      one.seq = event.seq();
      one.set += event.has_appointment_set();
      one.moved += event.has_appointment_rescheduled();
      one.cancelled += event.has_appointment_cancelled();
    }
    if (!records.empty()) continue;
    if (replicas_->clock().Steady() >= deadline) {
      for (const auto& [name, meeting] : expected) {
        const Seen& one = seen[name];
        if (one.moved + one.cancelled != meeting.sequence || one.set != 1) {
          return absl::DataLossError(
              fmt::format("{} has sequence {}, and its events are {} set, {} moved, {} cancelled", name,
                          meeting.sequence, one.set, one.moved, one.cancelled));
        }
      }
    }
    wake->WaitUntil(replicas_->clock().Steady() + absl::Milliseconds(20));
  }
  return absl::OkStatus();
}

std::ostream& operator<<(std::ostream& out, const Bookings::Counts& counts) {
  return out << counts.booked << " booked, " << counts.moved << " moved, " << counts.cancelled
             << " cancelled, " << counts.taken << " times taken by somebody else";
}

}  // namespace finalmile::chaos
