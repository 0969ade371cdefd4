// The appointments service in two processes on one store and one log: setters hold, book, move, confirm and
// cancel meetings at few times of few hosts, hosts go away and come back, a lead is erased, processes crash
// and freeze, and clocks move on. No time of a host is ever taken twice.

#include <fmt/format.h>

#include <map>
#include <set>
#include <utility>

#include "finalmile/appointments/v1/appointment_event.pb.h"
#include "finalmile/appointments/v1/appointment_service.pb.h"
#include "finalmile/catalog/v1/catalog_event.pb.h"
#include "finalmile/coaching/v1/coaching_event.pb.h"
#include "finalmile/leads/v1/lead_event.pb.h"
#include "libs/app/settings.h"
#include "libs/outbox/envelope.h"
#include "libs/outbox/schema.h"
#include "libs/rpc/timestamps.h"
#include "libs/testing/uuid_of.h"
#include "services/appointments/consumers/lead_consumer.h"
#include "services/appointments/wiring.h"
#include "tests/simulation/event_topic.h"
#include "tests/simulation/service_client.h"

namespace finalmile::simulation {
namespace {

namespace v1 = appointments::v1;
using leads::v1::LeadEvent;
using testing::Simulation;

constexpr int kSetters = 3;
constexpr int kActions = 16;
constexpr int kLeads = 8;
constexpr int kStarts = 5;
constexpr const char* kHosts[] = {"ana", "ben"};
constexpr std::string_view kService = "AppointmentService/";
constexpr std::initializer_list<absl::StatusCode> kRefused = {
    absl::StatusCode::kAborted, absl::StatusCode::kFailedPrecondition, absl::StatusCode::kPermissionDenied,
    absl::StatusCode::kNotFound, absl::StatusCode::kResourceExhausted};

// What the topic tells of one meeting.
struct Story {
  int set = 0;
  int64_t sequence = 0;
  v1::Appointment::State state = v1::Appointment::STATE_UNSPECIFIED;
  std::string host;
  std::set<std::pair<int64_t, int64_t>> reminders;
};

class Run {
 public:
  Run(uint64_t seed, const RunOptions& options)
      : simulation_(seed, {.trace = options.trace, .replay = options.replay}),
        servers_(simulation_,
                 {{"outbox", outbox::Migrations()}, {"appointments", appointments::kModule.migrations}},
                 {{.name = outbox::TopicName<v1::AppointmentEvent>(), .partitions = 3},
                  {.name = outbox::TopicName<LeadEvent>(), .partitions = 3},
                  {.name = outbox::TopicName<catalog::v1::CatalogEvent>(), .partitions = 1},
                  {.name = outbox::TopicName<coaching::v1::CoachingEvent>(), .partitions = 1}}),
        config_(*config::Load(app::SchemaFor({&appointments::kModule}), {}, {})) {}

  Outcome Play() {
    for (const char* name : {"p1", "p2"}) {
      replicas_.push_back(std::make_unique<Replica>(simulation_, name, [this](Simulation::Process& process) {
        return ServiceProgram::Start(servers_, appointments::kModule, config_, process);
      }));
    }
    // The first midnight that is at least a day ahead.
    first_start_ = absl::FromCivil(absl::ToCivilDay(simulation_.clock().Now(), absl::UTCTimeZone()) + 2,
                                   absl::UTCTimeZone());
    simulation_.Spawn("manager", [this] { MakeHosts(); });
    while (!hosts_made_) simulation_.Sleep(absl::Seconds(1));
    simulation_.faults() = testing::Faults::Draw(simulation_.rng());
    simulation_.Spawn("leads", [this] { EraseOne(); });
    for (int setter = 0; setter < kSetters; ++setter)
      simulation_.Spawn(fmt::format("setter {}", setter), [this, setter] { Setter(setter); });
    for (int i = 0; i < 8; ++i) {
      if (Meddle(simulation_, replicas_, absl::Seconds(3), 4) == 2)
        simulation_.ShiftWallClock(simulation_.rng().Uniform() * absl::Minutes(12));
      CheckClaims();
    }
    while (done_ < kSetters + 1) {
      simulation_.Sleep(absl::Seconds(1));
      CheckClaims();
    }
    simulation_.faults() = {};
    Settle();
    Check();
    // Every meeting is over, and nobody says what became of it.
    simulation_.ShiftWallClock(absl::Hours(24 * 10));
    Settle();
    Check();
    // What was cancelled is deleted.
    simulation_.ShiftWallClock(absl::Hours(24 * 401));
    Settle();
    CheckDeleted();
    for (const auto& replica : replicas_) replica->Stop();
    simulation_.JoinAll();
    return {violations_, simulation_.trace_hash(), simulation_.points(), simulation_.clock().Steady()};
  }

 private:
  void Violated(std::string what) { violations_.push_back(std::move(what)); }

  ServiceClient ClientOf(const std::string& name, finalmile::v1::Role role) {
    return {"finalmile.appointments.v1", simulation_, replicas_, violations_, name, {role}};
  }
  template <class Response>
  std::optional<Response> Call(const ServiceClient& client, const char* method,
                               const google::protobuf::Message& request) {
    return client.Call<Response>(fmt::format("{}{}", kService, method), request, kRefused);
  }

  void MakeHosts() {
    const ServiceClient client = ClientOf("manager", finalmile::v1::ROLE_MANAGER);
    for (const char* name : kHosts) {
      v1::UpsertHostRequest request;
      v1::Host& host = *request.mutable_host();
      host.set_name(fmt::format("hosts/{}", name));
      for (int weekday = 1; weekday <= 7; ++weekday) {
        v1::WeeklyInterval& hours = *host.add_weekly_hours();
        hours.set_weekday(weekday);
        hours.set_end_minute(24 * 60);
      }
      host.set_daily_cap(kStarts);
      *host.mutable_buffer_after() = rpc::ToDuration(absl::Minutes(10));
      *host.mutable_slot_step() = rpc::ToDuration(absl::Minutes(20));
      request.set_request_id(fmt::format("make-{}", name));
      // The processes are still starting.
      while (!client.Call<v1::Host>(fmt::format("{}UpsertHost", kService), request))
        simulation_.Sleep(absl::Seconds(1));
    }
    hosts_made_ = true;
  }

  std::string AnyLead() {
    return "leads/" + testing::UuidOf(fmt::format("{}", simulation_.rng().Below(kLeads)));
  }
  google::protobuf::Timestamp AnyStart() {
    const auto step = static_cast<int64_t>(simulation_.rng().Below(kStarts));
    return rpc::ToTimestamp(first_start_ + step * absl::Minutes(20));
  }
  std::string AnyHost() { return fmt::format("hosts/{}", kHosts[simulation_.rng().Below(2)]); }

  void EraseOne() {
    simulation_.Sleep(simulation_.rng().Uniform() * absl::Seconds(20));
    erased_ = AnyLead();
    const outbox::Cause cause;
    LeadEvent event = outbox::NewEvent<LeadEvent>(
        {simulation_.clock(), simulation_.rng(), simulation_.clock().Now(), cause}, erased_, 1);
    event.mutable_lead_erased();
    const absl::Status sent = servers_.log().Append({outbox::ToMessage(outbox::ToOutbox(event))},
                                                    simulation_.clock().Steady() + absl::Seconds(10));
    if (!sent.ok()) Violated(sent.ToString());
    ++done_;
  }

  void Setter(int number) {
    const ServiceClient setter = ClientOf(fmt::format("setter-{}", number), finalmile::v1::ROLE_SETTER);
    for (int i = 0; i < kActions; ++i) {
      simulation_.Sleep(simulation_.rng().Uniform() * absl::Seconds(2));
      Act(setter, fmt::format("{}-{}", number, i));
    }
    ++done_;
  }

  void Act(const ServiceClient& setter, const std::string& id) {
    Rng& rng = simulation_.rng();
    const uint64_t action = rng.Below(12);
    if (action < 4) {
      v1::BookAppointmentRequest book;
      book.set_lead(AnyLead());
      if (rng.Below(3) > 0) book.set_host(AnyHost());
      *book.mutable_start_time() = AnyStart();
      *book.mutable_duration() = rpc::ToDuration(absl::Minutes(rng.Below(2) == 0 ? 20 : 40));
      Booked(setter, book, id);
    } else if (action < 6) {
      v1::HoldSlotRequest hold;
      if (rng.Below(2) == 0) hold.set_host(AnyHost());
      *hold.mutable_start_time() = AnyStart();
      *hold.mutable_duration() = rpc::ToDuration(absl::Minutes(20));
      hold.set_request_id(id);
      if (const auto held = Call<v1::Hold>(setter, "HoldSlot", hold)) holds_[setter.caller] = held->name();
    } else if (action == 6 && holds_.contains(setter.caller)) {
      v1::BookAppointmentRequest book;
      book.set_lead(AnyLead());
      book.set_hold(holds_[setter.caller]);
      Booked(setter, book, id);
    } else if (action == 7 && holds_.contains(setter.caller)) {
      v1::ReleaseHoldRequest release;
      release.set_name(holds_[setter.caller]);
      release.set_request_id(id);
      Call<v1::ReleaseHoldResponse>(setter, "ReleaseHold", release);
    } else if (action < 10 && !booked_.empty()) {
      Change(setter, AnyMeeting(), id, action);
    } else {
      GoAway(id);
    }
  }

  std::string AnyMeeting() {
    auto one = booked_.begin();
    std::advance(one, simulation_.rng().Below(booked_.size()));
    return *one;
  }

  void Booked(const ServiceClient& setter, v1::BookAppointmentRequest& book, const std::string& id) {
    book.set_request_id(id);
    const auto booked = Call<v1::Appointment>(setter, "BookAppointment", book);
    if (!booked) return;
    if (!booked_.insert(booked->name()).second) Violated(fmt::format("{} was set twice", booked->name()));
  }

  void Change(const ServiceClient& setter, const std::string& name, const std::string& id, uint64_t action) {
    if (action == 8) {
      v1::CancelAppointmentRequest cancel;
      cancel.set_name(name);
      cancel.set_by(simulation_.rng().Below(2) == 0 ? v1::CANCELLED_BY_GUEST : v1::CANCELLED_BY_US);
      cancel.set_request_id(id);
      Call<v1::Appointment>(setter, "CancelAppointment", cancel);
    } else if (simulation_.rng().Below(3) == 0) {
      v1::ConfirmAppointmentRequest confirm;
      confirm.set_name(name);
      confirm.set_request_id(id);
      Call<v1::Appointment>(setter, "ConfirmAppointment", confirm);
    } else {
      v1::RescheduleAppointmentRequest move;
      move.set_name(name);
      *move.mutable_start_time() = AnyStart();
      move.set_keep_host(simulation_.rng().Below(3) == 0);
      if (!move.keep_host() && simulation_.rng().Below(2) == 0) move.set_host(AnyHost());
      move.set_request_id(id);
      Call<v1::Appointment>(setter, "RescheduleAppointment", move);
    }
  }

  void GoAway(const std::string& id) {
    const std::string host = AnyHost();
    const ServiceClient client = ClientOf(host.substr(6), finalmile::v1::ROLE_HOST);
    if (!away_.empty() && simulation_.rng().Below(2) == 0) {
      v1::DeleteTimeOffRequest back;
      back.set_name(away_.begin()->first);
      back.set_request_id(id);
      const ServiceClient owner = ClientOf(away_.begin()->second, finalmile::v1::ROLE_HOST);
      away_.erase(away_.begin());
      Call<v1::TimeOff>(owner, "DeleteTimeOff", back);
      return;
    }
    v1::SetTimeOffRequest away;
    away.set_host(host);
    *away.mutable_start_time() = AnyStart();
    *away.mutable_end_time() = rpc::ToTimestamp(rpc::FromTimestamp(away.start_time()) + absl::Minutes(20));
    away.set_force(simulation_.rng().Below(2) == 0);
    away.set_request_id(id);
    if (const auto set = Call<v1::TimeOff>(client, "SetTimeOff", away)) away_[set->name()] = host.substr(6);
  }

  int64_t Count(const std::string& from) { return servers_.Query("SELECT COUNT(*) FROM " + from)[0].Int(0); }

  // A hold that has expired for the process with the clock that is ahead may live for another.
  void CheckClaims() {
    const int64_t now = ToMicros(simulation_.clock().Now());
    const int64_t overlaps = Count(fmt::format(
        "claims AS a JOIN claims AS b ON a.host = b.host AND a.id < b.id AND a.busy_start < b.busy_end AND "
        "b.busy_start < a.busy_end WHERE (a.expire_time IS NULL OR a.expire_time > {0}) AND "
        "(b.expire_time IS NULL OR b.expire_time > {0})",
        now));
    if (overlaps > 0) Violated(fmt::format("{} times of hosts are taken twice", overlaps));
  }

  void Settle() {
    const absl::Duration limit = simulation_.clock().Steady() + kSettleLimit;
    std::string left;
    do {
      simulation_.Sleep(absl::Seconds(5));
      const int64_t outbox = Count("outbox");
      const int64_t due = Count(fmt::format("appointments WHERE due_time <= {}",
                                            ToMicros(simulation_.clock().Now() - absl::Seconds(5))));
      const int64_t lag =
          servers_.Lag(appointments::consumers::kLeadConsumer, outbox::TopicName<LeadEvent>());
      if (outbox + due + lag == 0) return;
      left = fmt::format("{} rows in the outbox, {} due, {} events of leads behind", outbox, due, lag);
    } while (simulation_.clock().Steady() < limit);
    Violated("does not come to rest: " + left);
  }

  void Follow(const v1::AppointmentEvent& event) {
    Story& story = stories_[event.key()];
    if (event.has_appointment_set()) {
      ++story.set;
      story.state = v1::Appointment::STATE_SCHEDULED;
      story.host = event.appointment_set().host();
    } else if (event.has_appointment_confirmed()) {
      story.state = v1::Appointment::STATE_CONFIRMED;
    } else if (event.has_appointment_rescheduled()) {
      if (event.appointment_rescheduled().host_before() != story.host)
        Violated(fmt::format("{}: moved from a host that it was not with", event.key()));
      story.state = v1::Appointment::STATE_SCHEDULED;
      story.host = event.appointment_rescheduled().host();
      story.sequence = event.appointment_rescheduled().sequence();
    } else if (event.has_appointment_cancelled()) {
      story.state = v1::Appointment::STATE_CANCELLED;
    } else if (event.has_appointment_reminder_due()) {
      const v1::AppointmentReminderDue& due = event.appointment_reminder_due();
      if (due.sequence() != story.sequence || story.state == v1::Appointment::STATE_CANCELLED)
        Violated(fmt::format("{}: a reminder of what is past", event.key()));
      if (!story.reminders.emplace(due.sequence(), due.offset_seconds()).second)
        Violated(fmt::format("{}: a reminder came twice", event.key()));
    }
  }

  void Check() {
    CheckClaims();
    stories_.clear();
    CheckEventTopic<v1::AppointmentEvent>(servers_, violations_,
                                          [&](const v1::AppointmentEvent& event) { Follow(event); });
    std::set<std::string> kept;
    for (const storage::Row& row :
         servers_.Query("SELECT id, state, host, lead, planned FROM appointments")) {
      const std::string name = "appointments/" + row.Text(0);
      kept.insert(name);
      const Story& story = stories_[name];
      if (story.set != 1 || story.state != row.Int(1) || story.host != row.Text(2)) {
        Violated(fmt::format("{}: set {} times; the topic leads to {} with {}, the store says {} with {}",
                             name, story.set, story.state, story.host, row.Int(1), row.Text(2)));
      }
      if (row.Text(3) == erased_) Violated(fmt::format("{} names an erased lead", name));
    }
    for (const std::string& name : booked_) {
      if (!kept.contains(name)) Violated(fmt::format("{} was acknowledged and is gone", name));
    }
    // Each meeting ahead has its time, and no other claim stands for a meeting.
    if (const int64_t without = Count(
            fmt::format("appointments AS a WHERE a.planned AND a.end_time > {} AND NOT EXISTS (SELECT 1 FROM "
                        "claims AS c WHERE "
                        "c.id = a.id AND c.kind = 2 AND c.host = a.host AND c.start_time = a.start_time)",
                        ToMicros(simulation_.clock().Now())));
        without > 0)
      Violated(fmt::format("{} meetings have no claim", without));
    if (const int64_t more =
            Count("claims AS c WHERE c.kind = 2 AND NOT EXISTS (SELECT 1 FROM appointments AS a "
                  "WHERE a.id = c.id AND a.planned)");
        more > 0)
      Violated(fmt::format("{} claims stand for no meeting", more));
    if (const int64_t parked = Count("parked"); parked > 0)
      Violated(fmt::format("{} records are parked", parked));
  }

  void CheckDeleted() {
    if (Count("appointments WHERE NOT planned") != 0) Violated("meetings that ended are kept for ever");
    if (Count("appointment_changes WHERE appointment NOT IN (SELECT id FROM appointments)") != 0)
      Violated("changes are kept without their meeting");
  }

  Simulation simulation_;
  Servers servers_;
  const config::Config config_;
  Replicas replicas_;
  std::vector<std::string> violations_;
  absl::Time first_start_;
  bool hosts_made_ = false;
  int done_ = 0;
  std::string erased_;
  std::set<std::string> booked_;
  std::map<std::string, std::string> holds_;
  std::map<std::string, std::string> away_;
  std::map<std::string, Story> stories_;
};

}  // namespace

Outcome RunMeetingsWorld(uint64_t seed, const RunOptions& options) { return Run(seed, options).Play(); }

}  // namespace finalmile::simulation
