// The appointments service in two processes on one store and one log. Leads become sales-ready, cool, are
// erased and merged, while setters claim, try, return and reassign their requests, processes crash and
// freeze, and clocks move on.

#include <fmt/format.h>

#include <map>
#include <set>
#include <utility>

#include "finalmile/appointments/v1/appointment_event.pb.h"
#include "finalmile/appointments/v1/meeting_request_service.pb.h"
#include "finalmile/catalog/v1/catalog_event.pb.h"
#include "finalmile/coaching/v1/coaching_event.pb.h"
#include "finalmile/leads/v1/lead_event.pb.h"
#include "libs/app/settings.h"
#include "libs/outbox/envelope.h"
#include "libs/outbox/schema.h"
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
using Request = v1::MeetingRequest;

constexpr int kSetters = 3;
constexpr int kActions = 12;
constexpr int kLeads = 6;
constexpr int kLeadEvents = 25;

// What the topic tells of one request.
struct Story {
  int requested = 0;
  int claimed = 0;
  int attempts = 0;
  Request::State state = Request::STATE_OPEN;
  std::string setter;
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
    simulation_.faults() = testing::Faults::Draw(simulation_.rng());
    for (const char* name : {"p1", "p2"}) {
      replicas_.push_back(std::make_unique<Replica>(simulation_, name, [this](Simulation::Process& process) {
        return ServiceProgram::Start(servers_, appointments::kModule, config_, process);
      }));
    }
    simulation_.Spawn("leads", [this] { Leads(); });
    for (int setter = 0; setter < kSetters; ++setter)
      simulation_.Spawn(fmt::format("setter {}", setter), [this, setter] { Setter(setter); });
    for (int i = 0; i < 8; ++i) {
      if (Meddle(simulation_, replicas_, absl::Seconds(3), 5) == 2)
        simulation_.ShiftWallClock(simulation_.rng().Uniform() * absl::Hours(30));
    }
    while (done_ < kSetters + 1) simulation_.Sleep(absl::Seconds(1));
    simulation_.faults() = {};
    Settle();
    Check();
    // Every window of attempts ends, and every request is overdue.
    simulation_.ShiftWallClock(absl::Hours(24 * 25));
    Settle();
    Check();
    // Whatever ended is deleted.
    simulation_.ShiftWallClock(absl::Hours(24 * 401));
    Settle();
    CheckDeleted();
    for (const auto& replica : replicas_) replica->Stop();
    simulation_.JoinAll();
    return {violations_, simulation_.trace_hash(), simulation_.points(), simulation_.clock().Steady()};
  }

 private:
  void Violated(std::string what) { violations_.push_back(std::move(what)); }

  std::string AnyLead() {
    return "leads/" + testing::UuidOf(fmt::format("{}", simulation_.rng().Below(kLeads)));
  }

  // What the leads service tells, in order of each lead; a record may come twice.
  void Leads() {
    Rng& rng = simulation_.rng();
    for (int i = 0; i < kLeadEvents; ++i) {
      simulation_.Sleep(rng.Uniform() * absl::Seconds(1));
      const std::string lead = AnyLead();
      if (ended_.contains(lead)) continue;
      const outbox::Cause cause;
      LeadEvent event = outbox::NewEvent<LeadEvent>(
          {simulation_.clock(), rng, simulation_.clock().Now(), cause}, lead, ++seqs_[lead]);
      switch (rng.Below(12)) {
        case 0:
          event.mutable_lead_erased();
          ended_.insert(lead);
          erased_.insert(lead);
          break;
        case 1: {
          const std::string into = AnyLead();
          if (into == lead || ended_.contains(into)) {
            event.mutable_lead_cooled()->set_cause("gated");
            break;
          }
          event.mutable_lead_merged()->set_into(into);
          ended_.insert(lead);
          break;
        }
        case 2:
        case 3:
          event.mutable_lead_cooled()->set_cause(rng.Below(2) == 0 ? "faded" : "gated");
          break;
        case 4: {
          auto& changed = *event.mutable_contact_permission_changed();
          changed.set_channel(leads::v1::CHANNEL_PHONE);
          changed.set_purpose("sales");
          changed.set_state(leads::v1::PERMISSION_STATE_DENIED);
          break;
        }
        default: {
          leads::v1::LeadBecameSalesReady& ready = *event.mutable_lead_became_sales_ready();
          ready.set_lane("engaged");
          ready.set_hand_raise(rng.Below(3) == 0);
          ready.set_grade(rng.Below(2) == 0 ? "A1" : "B2");
          ready.mutable_score()->set_score(static_cast<double>(rng.Below(100)));
          if (rng.Below(3) == 0) ready.set_owner("setter-0");
          ready.set_cycle(1);
        }
      }
      const int copies = rng.Below(4) == 0 ? 2 : 1;
      for (int copy = 0; copy < copies; ++copy) {
        const absl::Status sent = servers_.log().Append({outbox::ToMessage(outbox::ToOutbox(event))},
                                                        simulation_.clock().Steady() + absl::Seconds(10));
        if (!sent.ok()) Violated(sent.ToString());
      }
    }
    ++done_;
  }

  void Setter(int number) {
    const std::string name = fmt::format("setter-{}", number);
    const ServiceClient client{"finalmile.appointments.v1",
                               simulation_,
                               replicas_,
                               violations_,
                               name,
                               {number == 0 ? finalmile::v1::ROLE_MANAGER : finalmile::v1::ROLE_SETTER}};
    for (int i = 0; i < kActions; ++i) {
      simulation_.Sleep(simulation_.rng().Uniform() * absl::Seconds(2));
      Act(client, fmt::format("{}-{}", name, i));
    }
    ++done_;
  }

  void Act(const ServiceClient& client, const std::string& id) {
    static const auto kRefused = {absl::StatusCode::kAborted, absl::StatusCode::kFailedPrecondition,
                                  absl::StatusCode::kPermissionDenied, absl::StatusCode::kNotFound};
    const auto mine = client.Call<v1::ListMeetingRequestsResponse>(
        "MeetingRequestService/ListMeetingRequests", v1::ListMeetingRequestsRequest());
    Rng& rng = simulation_.rng();
    if (!mine || mine->meeting_requests().empty() || rng.Below(4) == 0) {
      v1::ClaimMeetingRequestRequest claim;
      claim.set_name("meetingRequests/-");
      claim.set_request_id(id);
      const auto claimed = client.Call<Request>("MeetingRequestService/ClaimMeetingRequest", claim, kRefused);
      if (claimed && claimed->setter() != client.caller)
        Violated(fmt::format("{} claimed {} for {}", client.caller, claimed->name(), claimed->setter()));
      return;
    }
    const Request& request = mine->meeting_requests(
        static_cast<int>(rng.Below(static_cast<uint64_t>(mine->meeting_requests_size()))));
    const uint64_t action = rng.Below(10);
    if (action < 6) {
      v1::LogAttemptRequest attempt;
      attempt.set_name(request.name());
      attempt.set_request_id(id);
      attempt.mutable_attempt()->set_channel(rng.Below(2) == 0 ? leads::v1::CHANNEL_PHONE
                                                               : leads::v1::CHANNEL_EMAIL);
      attempt.mutable_attempt()->set_disposition(v1::DISPOSITION_NO_ANSWER);
      if (client.Call<v1::LogAttemptResponse>("MeetingRequestService/LogAttempt", attempt, kRefused))
        ++attempts_[request.name()].first;
      ++attempts_[request.name()].second;
    } else if (action < 8) {
      v1::ReturnMeetingRequestRequest back;
      back.set_name(request.name());
      back.set_request_id(id);
      back.set_reason(rng.Below(2) == 0 ? v1::RETURN_REASON_NO_NEED : v1::RETURN_REASON_BAD_FIT);
      client.Call<Request>("MeetingRequestService/ReturnMeetingRequest", back, kRefused);
    } else if (client.roles.front() == finalmile::v1::ROLE_MANAGER) {
      v1::ReassignMeetingRequestsRequest reassign;
      reassign.set_request_id(id);
      reassign.add_names(request.name());
      if (action == 8) reassign.set_setter("setter-1");
      client.Call<v1::ReassignMeetingRequestsResponse>("MeetingRequestService/ReassignMeetingRequests",
                                                       reassign);
    }
  }

  int64_t Count(const std::string& from) { return servers_.Query("SELECT COUNT(*) FROM " + from)[0].Int(0); }

  void Settle() {
    const absl::Duration limit = simulation_.clock().Steady() + kSettleLimit;
    std::string left;
    do {
      simulation_.Sleep(absl::Seconds(5));
      const int64_t outbox = Count("outbox");
      const int64_t due = Count(fmt::format("meeting_requests WHERE due_time <= {}",
                                            ToMicros(simulation_.clock().Now() - absl::Seconds(5))));
      const int64_t lag =
          servers_.Lag(appointments::consumers::kLeadConsumer, outbox::TopicName<LeadEvent>());
      if (outbox + due + lag == 0) return;
      left = fmt::format("{} rows in the outbox, {} due, {} events of leads behind", outbox, due, lag);
    } while (simulation_.clock().Steady() < limit);
    Violated("does not come to rest: " + left);
  }

  // The state that the events of a request lead to.
  void Follow(const v1::AppointmentEvent& event) {
    Story& story = stories_[event.key()];
    const auto expect = [&](bool holds, std::string_view what) {
      if (!holds)
        Violated(fmt::format("{}: {} in state {}", event.key(), what, Request::State_Name(story.state)));
    };
    if (event.has_meeting_requested()) {
      story.requested += !event.meeting_requested().again();
    } else if (event.has_meeting_request_claimed()) {
      expect(story.state == Request::STATE_OPEN, "claimed");
      ++story.claimed;
      story.state = Request::STATE_CLAIMED;
      story.setter = event.meeting_request_claimed().setter();
    } else if (event.has_attempt_logged()) {
      expect(story.state == Request::STATE_CLAIMED || story.state == Request::STATE_WORKING, "an attempt");
      ++story.attempts;
      if (event.attempt_logged().number() != story.attempts)
        Violated(fmt::format("{}: attempt {} is told as {}", event.key(), story.attempts,
                             event.attempt_logged().number()));
      story.state = Request::STATE_WORKING;
    } else if (event.has_meeting_request_reassigned()) {
      story.setter = event.meeting_request_reassigned().to();
      if (story.setter.empty()) story.state = Request::STATE_OPEN;
    } else if (event.has_meeting_request_returned()) {
      story.state = Request::STATE_RETURNED;
    } else if (event.has_meeting_request_recycled()) {
      expect(story.state == Request::STATE_WORKING, "recycled");
      story.state = Request::STATE_RECYCLED;
    } else if (event.has_meeting_request_closed()) {
      expect(story.state <= Request::STATE_WORKING, "closed");
      story.state = Request::STATE_CLOSED;
    }
  }

  void Check() {
    stories_.clear();
    CheckEventTopic<v1::AppointmentEvent>(servers_, violations_,
                                          [&](const v1::AppointmentEvent& event) { Follow(event); });
    std::map<std::string, int> active;
    for (const storage::Row& row :
         servers_.Query("SELECT id, lead, state, setter, attempts, active, window_attempts, level "
                        "FROM meeting_requests")) {
      const std::string name = "meetingRequests/" + row.Text(0);
      const Story& story = stories_[name];
      if (story.state != row.Int(2) || (story.state <= Request::STATE_WORKING && story.setter != row.Text(3)))
        Violated(fmt::format("{}: the topic leads to {}, the store says {}", name, story.state, row.Int(2)));
      if (story.attempts != row.Int(4) ||
          story.attempts != Count(fmt::format("attempts WHERE request = '{}'", row.Text(0))))
        Violated(fmt::format("{}: {} attempts are told, {} kept", name, story.attempts, row.Int(4)));
      const auto [done, tried] = attempts_[name];
      if (story.attempts < done || story.attempts > tried)
        Violated(fmt::format("{}: {} attempts of {} to {}", name, story.attempts, done, tried));
      if (erased_.contains(row.Text(1))) Violated(fmt::format("{} names an erased lead", name));
      if (row.Bool(5) && ++active[row.Text(1)] > 1)
        Violated(fmt::format("{} has two active requests", row.Text(1)));
      if (row.Bool(5) && row.Text(1).empty()) Violated(fmt::format("{} is active without a lead", name));
    }
    for (const auto& [lead, seq] : seqs_) {
      if (erased_.contains(lead) && Count(fmt::format("leads WHERE id = '{}' AND erased", lead)) != 1)
        Violated(fmt::format("{} is not marked as erased", lead));
    }
    if (const int64_t parked = Count("parked"); parked > 0)
      Violated(fmt::format("{} records are parked", parked));
  }

  void CheckDeleted() {
    if (Count("meeting_requests WHERE NOT active") != 0) Violated("requests that ended are kept for ever");
    if (Count("attempts WHERE request NOT IN (SELECT id FROM meeting_requests)") != 0)
      Violated("attempts are kept without their request");
  }

  Simulation simulation_;
  Servers servers_;
  const config::Config config_;
  Replicas replicas_;
  std::vector<std::string> violations_;
  int done_ = 0;
  std::map<std::string, int64_t> seqs_;
  std::set<std::string> ended_;
  std::set<std::string> erased_;
  // How many attempts of each request were acknowledged and tried.
  std::map<std::string, std::pair<int, int>> attempts_;
  std::map<std::string, Story> stories_;
};

}  // namespace

Outcome RunAppointmentsWorld(uint64_t seed, const RunOptions& options) { return Run(seed, options).Play(); }

}  // namespace finalmile::simulation
