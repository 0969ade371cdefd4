// The leads service in two processes on one store and one log. Clients create and change leads, record what
// the leads did (late, shuffled, twice, with another body), publish policies, while processes crash and
// freeze and clocks move.

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "finalmile/leads/v1/lead_service.pb.h"
#include "finalmile/leads/v1/scoring_service.pb.h"
#include "libs/outbox/schema.h"
#include "libs/outbox/topic.h"
#include "services/leads/consumers/activity_consumer.h"
#include "services/leads/domain/lead_rules.h"
#include "services/leads/scoring/convert.h"
#include "services/leads/scoring/lead_batch.h"
#include "services/leads/wiring.h"
#include "tests/simulation/leads_checks.h"
#include "tests/simulation/service_client.h"

namespace finalmile::simulation {
namespace {

namespace v1 = leads::v1;
using leads::scoring::ToProto;
using testing::Simulation;

constexpr int kClients = 3;
constexpr int kActions = 10;
const std::string& Activities() { return outbox::TopicName<leads::v1::Activity>(); }
const std::string& Events() { return outbox::TopicName<leads::v1::LeadEvent>(); }

class Run {
 public:
  Run(uint64_t seed, const RunOptions& options)
      : simulation_(seed, {.trace = options.trace, .replay = options.replay}),
        servers_(simulation_, {{"outbox", outbox::Migrations()}, {"leads", leads::kModule.migrations}},
                 {{.name = Activities(), .partitions = 3}, {.name = Events(), .partitions = 3}}),
        config_(*config::Load(config::Schema(), {}, {})),
        client_{"finalmile.leads.v1", simulation_, replicas_, violations_} {}

  Outcome Play() {
    Rng& rng = simulation_.rng();
    simulation_.faults() = testing::Faults::Draw(rng);
    for (const char* name : {"p1", "p2"}) {
      replicas_.push_back(std::make_unique<Replica>(simulation_, name, [this](Simulation::Process& process) {
        return ServiceProgram::Start(servers_, leads::kModule, config_, process);
      }));
    }
    for (int client = 0; client < kClients; ++client) {
      simulation_.Spawn(fmt::format("client {}", client), [this, client] { Client(client); });
    }
    for (int i = 0; i < 8; ++i) Trouble();
    while (clients_done_ < kClients) simulation_.Sleep(absl::Seconds(1));
    simulation_.faults() = {};
    Settle();
    CheckLeadsWorld(model_, simulation_, servers_, violations_);
    // Everybody cools, and may cross again.
    simulation_.ShiftWallClock(absl::Hours(24 * 40));
    Settle();
    CheckLeadsWorld(model_, simulation_, servers_, violations_);
    // No activity is kept one by one any more; what they amount to is.
    simulation_.ShiftWallClock(leads::domain::kActivitiesKept);
    Settle();
    CheckLeadsWorld(model_, simulation_, servers_, violations_);
    CheckAged();
    for (const auto& replica : replicas_) replica->Stop();
    simulation_.JoinAll();
    return {violations_, simulation_.trace_hash(), simulation_.points(), simulation_.clock().Steady()};
  }

 private:
  void Violated(std::string what) { violations_.push_back(std::move(what)); }

  void Trouble() {
    Rng& rng = simulation_.rng();
    const uint64_t choice = Meddle(simulation_, replicas_, absl::Seconds(3), 6);
    if (choice == 2) simulation_.ShiftWallClock(rng.Uniform() * absl::Hours(20));
    // Once, by less than activities may lie in the future.
    if (choice == 3)
      simulation_.ShiftWallClock(-rng.Uniform() * std::exchange(set_back_, absl::ZeroDuration()));
  }

  void Client(int client) {
    for (int i = 0; i < kActions; ++i) {
      simulation_.Sleep(simulation_.rng().Uniform() * absl::Milliseconds(800));
      const std::string request = fmt::format("{}-{}", client, i);
      switch (simulation_.rng().Below(10)) {
        case 0:
        case 1:
        case 2:
          CreateLead(request);
          break;
        case 3:
        case 4:
          UpdateLead(client, i, request);
          break;
        case 5:
          if (simulation_.rng().Below(3) == 0) PublishPolicy(request);
          break;
        default:
          RecordActivities(request);
      }
    }
    ++clients_done_;
  }

  // One of a few leads that the clients share, created or not.
  std::string SharedId() { return fmt::format("0197f3a0-0000-7000-8000-{:012}", simulation_.rng().Below(4)); }

  void FillFacts(v1::Lead& lead) {
    Rng& rng = simulation_.rng();
    const auto text = [&](const char* name, const char* value) {
      (*lead.mutable_attributes())[name].set_text(value);
    };
    (*lead.mutable_attributes())["staff"].set_number(static_cast<double>(rng.Below(600)));
    if (rng.Below(2) == 0) text("industry", "software");
    if (rng.Below(2) == 0) text("country", "DE");
    if (rng.Below(2) == 0) text("title", "VP Sales");
    if (rng.Below(2) == 0) text("function", "sales");
    if (rng.Below(2) == 0) text("technologies", "HubSpot");
  }

  void CreateLead(const std::string& id) {
    v1::CreateLeadRequest request;
    request.set_request_id("create-" + id);
    // Tells afterwards which request made the lead.
    request.mutable_lead()->set_company(id);
    FillFacts(*request.mutable_lead());
    if (simulation_.rng().Below(4) != 0) request.set_lead_id(SharedId());
    const auto created =
        client_.Call<v1::Lead>("LeadService/CreateLead", request, {absl::StatusCode::kAlreadyExists});
    if (!created) return;
    if (created->company() != id)
      Violated(fmt::format("create {} was answered with {}", id, created->name()));
    model_.created[id] = created->name();
    if (simulation_.rng().Below(3) != 0) return;
    const auto again = client_.Call<v1::Lead>("LeadService/CreateLead", request);
    if (again && again->name() != created->name()) Violated(fmt::format("create {} made two leads", id));
    request.mutable_lead()->set_owner("someone-else");
    if (client_.Call<v1::Lead>("LeadService/CreateLead", request, {absl::StatusCode::kInvalidArgument})) {
      Violated(fmt::format("the request id of create {} took another body", id));
    }
  }

  void UpdateLead(int client, int number, const std::string& id) {
    v1::UpdateLeadRequest request;
    request.set_request_id("update-" + id);
    v1::Lead& lead = *request.mutable_lead();
    lead.set_name("leads/" + SharedId());
    const std::string attribute = fmt::format("u{}", client);
    (*lead.mutable_attributes())[attribute].set_number(number);
    request.mutable_update_mask()->add_paths("attributes." + attribute);
    if (simulation_.rng().Below(3) == 0) {
      (*lead.mutable_attributes())["staff"].set_number(static_cast<double>(simulation_.rng().Below(600)));
      request.mutable_update_mask()->add_paths("attributes.staff");
    }
    if (simulation_.rng().Below(5) == 0) {
      if (simulation_.rng().Below(2) == 0) lead.add_gates(v1::GATE_OPT_OUT);
      request.mutable_update_mask()->add_paths("gates");
    }
    LeadModel& lead_model = model_.leads[lead.name()];
    ++lead_model.attempted_updates;
    lead_model.numbers[client].second = number;
    if (!client_.Call<v1::Lead>("LeadService/UpdateLead", request, {absl::StatusCode::kNotFound})) return;
    ++lead_model.acknowledged_updates;
    lead_model.numbers[client].first = number;
  }

  void PublishPolicy(const std::string& id) {
    Rng& rng = simulation_.rng();
    v1::GetPolicyRequest get;
    get.set_name("policies/-");
    const auto policy = client_.Call<v1::Policy>("ScoringService/GetPolicy", get);
    if (!policy) return;
    v1::PublishPolicyRequest request;
    request.set_request_id("policy-" + id);
    *request.mutable_policy() = *policy;
    request.mutable_policy()->set_name("policies/p" + id);
    for (v1::Signal& signal : *request.mutable_policy()->mutable_signals()) {
      if (signal.points() > 0 && rng.Below(4) == 0) signal.set_points(static_cast<double>(rng.Below(40)));
    }
    request.mutable_policy()->set_cool_below(static_cast<double>(5 + rng.Below(15)));
    if (client_.Call<v1::PublishPolicyResponse>("ScoringService/PublishPolicy", request))
      model_.policies.insert(request.policy().name());
  }

  v1::Activity NewActivity(const std::string& id) {
    Rng& rng = simulation_.rng();
    constexpr std::tuple<const char*, const char*, int> kKinds[] = {
        {"page_view", "pricing", 3}, {"page_view", "roi", 3},   {"page_view", "product", 4},
        {"email_click", "", 2},      {"trial_started", "", 1},  {"webinar_attended", "w1", 1},
        {"demo_request", "", 1},     {"positive_reply", "", 1}, {"mail_open", "", 1}};
    const auto& [type, subject, most] = kKinds[rng.Below(std::size(kKinds))];
    v1::Activity activity;
    activity.set_lead("leads/" + SharedId());
    activity.set_source(rng.Below(2) == 0 ? "web" : "crm");
    activity.set_activity_id(id);
    activity.set_type(type);
    activity.set_subject(subject);
    activity.set_count(static_cast<int>(1 + rng.Below(most)));
    activity.set_outbound(rng.Below(10) == 0);
    activity.set_automated(rng.Below(10) == 0);
    // Many are fresh, some weeks late.
    const absl::Duration age = rng.Uniform() * (rng.Below(2) == 0 ? absl::Minutes(10) : absl::Hours(24 * 20));
    *activity.mutable_event_time() = ToProto(FromMicros(ToMicros(simulation_.clock().Now() - age)));
    return activity;
  }

  void RecordActivities(const std::string& id) {
    Rng& rng = simulation_.rng();
    v1::RecordActivitiesRequest request;
    for (uint64_t i = 0; i <= rng.Below(5); ++i) {
      const v1::Activity activity = NewActivity(fmt::format("{}-{}", id, i));
      model_.attempted[{activity.source(), activity.activity_id()}] = activity;
      *request.add_activities() = activity;
    }
    // Known ones again, equal or changed.
    if (!model_.recorded.empty() && rng.Below(2) == 0) {
      v1::Activity known = model_.attempted.at(
          *std::next(model_.recorded.begin(), static_cast<ptrdiff_t>(rng.Below(model_.recorded.size()))));
      if (rng.Below(3) == 0) known.set_subject("changed");
      *request.add_activities() = known;
    }
    for (int i = request.activities_size() - 1; i > 0; --i) {
      request.mutable_activities()->SwapElements(i,
                                                 static_cast<int>(rng.Below(static_cast<uint64_t>(i) + 1)));
    }
    if (!client_.Call<v1::RecordActivitiesResponse>("LeadService/RecordActivities", request)) return;
    for (const v1::Activity& activity : request.activities())
      model_.recorded.emplace(activity.source(), activity.activity_id());
  }

  void CheckAged() {
    const int64_t kept = Count("activities");
    if (kept > 0) Violated(fmt::format("{} activities are kept although they are old", kept));
    const int64_t versions = Count("fact_history");
    const int64_t created = Count("leads WHERE created");
    if (versions != created)
      Violated(fmt::format("{} versions of facts are kept of {} leads", versions, created));
  }

  int64_t Count(std::string_view from) {
    return servers_.Query(fmt::format("SELECT COUNT(*) FROM {}", from))[0].Int(0);
  }

  void Settle() {
    const absl::Duration limit = simulation_.clock().Steady() + kSettleLimit;
    std::string left;
    do {
      simulation_.Sleep(absl::Seconds(5));
      const int64_t outbox = Count("outbox");
      const int64_t stale = Count("leads WHERE created AND policy <> (SELECT MAX(number) FROM policies)");
      const absl::Time now = simulation_.clock().Now();
      const int64_t due = Count(fmt::format("leads WHERE due_time <= {}", ToMicros(now - absl::Seconds(5))));
      const int64_t old = Count(fmt::format("activities WHERE event_time < {}",
                                            ToMicros(now - leads::domain::kActivitiesKept))) +
                          Count(fmt::format("fact_history AS f JOIN fact_history AS n ON n.lead = f.lead AND "
                                            "n.version = f.version + 1 WHERE n.record_time < {}",
                                            ToMicros(now - leads::domain::kHistory)));
      const int64_t lag = servers_.Lag(leads::consumers::kActivityConsumer, Activities());
      if (outbox + stale + due + old + lag == 0) return;
      left = fmt::format(
          "{} rows in the outbox, {} leads under an old policy, {} due, {} rows too old, {} activities "
          "behind",
          outbox, stale, due, old, lag);
    } while (simulation_.clock().Steady() < limit);
    Violated("does not come to rest: " + left);
  }

  Simulation simulation_;
  Servers servers_;
  const config::Config config_;
  Replicas replicas_;
  std::vector<std::string> violations_;
  const ServiceClient client_;
  int clients_done_ = 0;
  // How far the wall clock may still be set back.
  absl::Duration set_back_ = absl::Minutes(9);
  LeadsModel model_;
};

}  // namespace

Outcome RunLeadsWorld(uint64_t seed, const RunOptions& options) { return Run(seed, options).Play(); }

}  // namespace finalmile::simulation
