#include "services/finalmile/demo/setting.h"

#include <algorithm>
#include <string_view>
#include <tuple>

#include "libs/base/status.h"
#include "libs/rpc/errors.h"
#include "libs/rpc/timestamps.h"
#include "services/finalmile/demo/track_sample.h"
#include "services/finalmile/output/format.h"
#include "services/finalmile/output/table.h"

namespace finalmile::cli {
namespace {

using namespace appointments::v1;

constexpr int kCallsADay = 4;
constexpr int kPage = 1000;
// The shares of those who are reached when they are called, of the meetings that are held, and of those that
// qualify.
constexpr double kReached = .5;
constexpr double kHeld = .75;
constexpr double kQualified = .7;
// The share of those with a meeting who have several sites.
constexpr double kSeveralSites = .7;
// Guests choose among the next times.
constexpr int kOfferedSlots = 12;

}  // namespace

absl::Status Setting::Begin() {
  for (const char* name : {"hosts/ben", "hosts/ana"}) {
    UpsertHostRequest request;
    request.mutable_host()->set_name(name);
    request.mutable_host()->set_title("Solution consultant");
    RETURN_IF_ERROR(Call<Host>("AppointmentService/UpsertHost", request).status());
  }
  return absl::OkStatus();
}

absl::Status Setting::PlayDay() {
  RETURN_IF_ERROR(RecordOutcomes());
  RETURN_IF_ERROR(rest_());
  for (int call = 0; call < kCallsADay; ++call) {
    ASSIGN_OR_RETURN(const bool worked, WorkOnNext());
    if (!worked) break;
    RETURN_IF_ERROR(rest_());
  }
  return absl::OkStatus();
}

absl::Status Setting::RecordOutcomes() {
  ListAppointmentsRequest list;
  list.set_filter("planned = true");
  list.set_page_size(kPage);
  ASSIGN_OR_RETURN(ListAppointmentsResponse planned,
                   Call<ListAppointmentsResponse>("AppointmentService/ListAppointments", list));
  // Meetings of one time are listed by their ids, which are others in each run; a host has one of them.
  const auto place = [](const Appointment& meeting) {
    return std::tuple(rpc::FromTimestamp(meeting.start_time()), std::string_view(meeting.host()));
  };
  std::sort(planned.mutable_appointments()->begin(), planned.mutable_appointments()->end(),
            [&](const Appointment& a, const Appointment& b) { return place(a) < place(b); });
  for (const Appointment& meeting : planned.appointments()) {
    if (rpc::FromTimestamp(meeting.end_time()) > clock_.Now()) continue;
    RecordOutcomeRequest outcome;
    outcome.set_name(meeting.name());
    const bool held = rng_->Uniform() < kHeld;
    outcome.set_outcome(held ? OutcomeCorrected::OUTCOME_HELD : OutcomeCorrected::OUTCOME_GUEST_NO_SHOW);
    RETURN_IF_ERROR(Call<Appointment>("AppointmentService/RecordOutcome", outcome).status());
    if (!held) continue;
    QualifyAppointmentRequest qualify;
    qualify.set_name(meeting.name());
    qualify.set_qualified(rng_->Uniform() < kQualified);
    if (!qualify.qualified()) qualify.set_reason("no-budget");
    RETURN_IF_ERROR(Call<Appointment>("AppointmentService/QualifyAppointment", qualify).status());
  }
  return absl::OkStatus();
}

absl::StatusOr<bool> Setting::WorkOnNext() {
  ClaimMeetingRequestRequest claim;
  claim.set_name("meetingRequests/-");
  const auto claimed = Call<MeetingRequest>("MeetingRequestService/ClaimMeetingRequest", claim);
  if (rpc::ReasonOf(claimed.status()) == "QUEUE_EMPTY") return false;
  RETURN_IF_ERROR(claimed.status());
  const bool reached = rng_->Uniform() < kReached;
  LogAttemptRequest attempt;
  attempt.set_name(claimed->name());
  attempt.mutable_attempt()->set_channel(leads::v1::CHANNEL_PHONE);
  attempt.mutable_attempt()->set_disposition(reached ? DISPOSITION_CONNECTED : DISPOSITION_NO_ANSWER);
  RETURN_IF_ERROR(Call<LogAttemptResponse>("MeetingRequestService/LogAttempt", attempt).status());
  if (reached) RETURN_IF_ERROR(Book(claimed->lead()));
  return true;
}

absl::Status Setting::Book(const std::string& lead) {
  FindSlotsRequest find;
  find.set_limit(kOfferedSlots);
  ASSIGN_OR_RETURN(const FindSlotsResponse free,
                   Call<FindSlotsResponse>("AppointmentService/FindSlots", find));
  if (free.slots().empty()) return absl::OkStatus();
  BookAppointmentRequest book;
  book.set_lead(lead);
  const uint64_t chosen = rng_->Below(static_cast<uint64_t>(free.slots_size()));
  *book.mutable_start_time() = free.slots(static_cast<int>(chosen)).start_time();
  if (rng_->Uniform() < kSeveralSites) book.set_situation(std::string(kSampleSituation));
  const absl::Status booked = Call<Appointment>("AppointmentService/BookAppointment", book).status();
  // Whom they met before is not met for the first time again.
  return rpc::ReasonOf(booked) == "CHAIN_EXISTS" ? absl::OkStatus() : booked;
}

absl::StatusOr<int64_t> Setting::CountMeetings(const std::string& filter) {
  ListAppointmentsRequest list;
  list.set_filter(filter);
  list.set_page_size(kPage);
  ASSIGN_OR_RETURN(const ListAppointmentsResponse page,
                   Call<ListAppointmentsResponse>("AppointmentService/ListAppointments", list));
  return int64_t{page.appointments_size()};
}

absl::Status Setting::Show(Output& output) {
  ASSIGN_OR_RETURN(const int64_t set, CountMeetings("meeting_kind = initial"));
  ASSIGN_OR_RETURN(const int64_t held, CountMeetings("state = STATE_HELD"));
  ASSIGN_OR_RETURN(const int64_t missed, CountMeetings("state = STATE_GUEST_NO_SHOW"));
  ASSIGN_OR_RETURN(const int64_t ahead, CountMeetings("planned = true"));
  ListMeetingRequestsRequest queue;
  queue.set_page_size(1);
  ASSIGN_OR_RETURN(const ListMeetingRequestsResponse waiting,
                   Call<ListMeetingRequestsResponse>("MeetingRequestService/ListMeetingRequests", queue));
  if (output.json()) {
    output.Json(waiting);
    return absl::OkStatus();
  }
  output.Line();
  output.Line(
      fmt::format("{} first meetings were set from these leads: {} held, {} missed by the guest, {} ahead. "
                  "{} requests wait "
                  "in the setter's queue.",
                  FormatCount(set), FormatCount(held), FormatCount(missed), FormatCount(ahead),
                  FormatCount(waiting.total())));
  return absl::OkStatus();
}

}  // namespace finalmile::cli
