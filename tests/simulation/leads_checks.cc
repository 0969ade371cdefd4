#include "tests/simulation/leads_checks.h"

#include <fmt/format.h>
#include <google/protobuf/util/message_differencer.h>

#include <algorithm>
#include <cmath>

#include "finalmile/leads/v1/lead_event.pb.h"
#include "libs/base/status.h"
#include "services/leads/consumers/activity_consumer.h"
#include "services/leads/domain/fit.h"
#include "services/leads/domain/lead_rules.h"
#include "services/leads/scoring/convert.h"
#include "services/leads/scoring/counting.h"
#include "services/leads/scoring/lead_batch.h"
#include "services/leads/store/profile_store.h"
#include "tests/simulation/event_topic.h"

namespace finalmile::simulation {
namespace {

namespace v1 = leads::v1;
using leads::scoring::FromProto;

// What the topic tells of one lead, its events taken in order.
struct Told {
  int64_t seq = 0;
  int created = 0;
  int updated = 0;
  std::string lane;
  v1::Score score;
};

class Check {
 public:
  Check(const LeadsModel& model, testing::Simulation& simulation, Servers& servers,
        std::vector<std::string>& violations)
      : model_(model), simulation_(simulation), servers_(servers), violations_(violations) {}

  void CheckAll() {
    CheckActivities();
    CheckEventTopic<v1::LeadEvent>(servers_, violations_,
                                   [&](const v1::LeadEvent& event) { Take(event, told_[event.key()]); });
    CheckLeads();
    for (const std::string& name : model_.policies) {
      if (!told_.contains(name)) Violated("lost: " + name);
    }
    for (const storage::Row& row : servers_.Query("SELECT reason FROM parked")) {
      if (row.Text(0).find("with another body") == std::string::npos) Violated("parked: " + row.Text(0));
    }
  }

 private:
  void Violated(std::string what) { violations_.push_back(std::move(what)); }

  void CheckActivities() {
    std::set<std::pair<std::string, std::string>> stored;
    for (const storage::Row& row : servers_.Query("SELECT source, activity_id, lead, type, subject, "
                                                  "event_time, count, clock_ahead FROM activities")) {
      const std::pair<std::string, std::string> id(row.Text(0), row.Text(1));
      stored.insert(id);
      const auto known = model_.attempted.find(id);
      if (known == model_.attempted.end()) {
        Violated(fmt::format("activity {}/{} comes from nowhere", id.first, id.second));
        continue;
      }
      const v1::Activity& sent = known->second;
      // A time that a replica's clock has not reached is taken for its own.
      const int64_t event_time = ToMicros(FromProto(sent.event_time()));
      const bool same_time = row.Bool(7) ? row.Int(5) < event_time : row.Int(5) == event_time;
      if (sent.lead() != "leads/" + row.Text(2) || sent.type() != row.Text(3) ||
          sent.subject() != row.Text(4) || !same_time || sent.count() != row.Int(6)) {
        Violated(fmt::format("activity {}/{} was stored with another body", id.first, id.second));
      }
    }
    int64_t aged = 0;
    for (const storage::Row& row : servers_.Query("SELECT activities FROM aged")) aged += row.Int(0);
    if (aged > 0) {
      // Those that are old enough are no longer kept one by one; their number is.
      if (aged + std::ssize(stored) < std::ssize(model_.recorded))
        Violated(fmt::format("lost: {} activities are kept and {} aged of {}", stored.size(), aged,
                             model_.recorded.size()));
      return;
    }
    for (const auto& id : model_.recorded) {
      if (!stored.contains(id)) Violated(fmt::format("lost: activity {}/{}", id.first, id.second));
    }
  }

  void Take(const v1::LeadEvent& event, Told& told) {
    told.seq = event.seq();
    told.created += event.has_lead_created();
    told.updated += event.has_lead_updated();
    if (event.has_lead_score_changed()) {
      const v1::LeadScoreChanged& changed = event.lead_score_changed();
      if (!google::protobuf::util::MessageDifferencer::Equals(changed.before(), told.score)) {
        Violated(fmt::format("{}: seq {} goes on from another score than was told last", event.key(),
                             event.seq()));
      }
      told.score = changed.after();
    }
    if (event.has_lead_cooled()) {
      if (told.lane.empty())
        Violated(fmt::format("{}: cooled at seq {} without having been ready", event.key(), event.seq()));
      told.lane.clear();
    }
    if (event.has_lead_became_sales_ready()) {
      const v1::LeadBecameSalesReady& ready = event.lead_became_sales_ready();
      told.lane = ready.lane();
      double sum = 0;
      for (const v1::Reason& reason : ready.reasons()) sum += reason.points();
      if (std::abs(sum - ready.score().score()) > 1e-6) {
        Violated(
            fmt::format("{}: reasons make {}, the score is {}", event.key(), sum, ready.score().score()));
      }
    }
  }

  void CheckLeads() {
    const absl::Time now = simulation_.clock().Now();
    std::vector<leads::domain::LeadId> ids;
    for (const storage::Row& row : servers_.Query("SELECT id FROM leads WHERE created ORDER BY id"))
      ids.emplace_back(row.Text(0));
    leads::scoring::Policies policies;
    const absl::Status read = servers_.store().Transact(
        {.deadline = simulation_.clock().Steady() + absl::Hours(1), .read_only = true},
        [&](storage::Transaction& transaction) -> absl::Status {
          if (ids.empty()) return absl::OkStatus();
          ASSIGN_OR_RETURN(const auto states, leads::store::ReadLeads(transaction, ids));
          ASSIGN_OR_RETURN(const auto profiles, leads::store::ReadProfiles(transaction, ids));
          ASSIGN_OR_RETURN(auto histories, leads::store::ReadHistories(transaction, ids));
          ASSIGN_OR_RETURN(const auto policy, policies.InForce(transaction));
          made_.clear();
          for (const auto& state : states) {
            ASSIGN_OR_RETURN(const auto truth, leads::scoring::RecomputeAll(
                                                   transaction, policies, state.id, histories[state.id],
                                                   policy->compiled, [] { return absl::OkStatus(); }));
            CheckLead(state, profiles.at(state.id), truth, *policy, now);
          }
          return absl::OkStatus();
        });
    if (!read.ok()) Violated("the leads cannot be read: " + read.ToString());
    for (const auto& [request, name] : model_.created) {
      const auto made = made_.find(request);
      if (made == made_.end() || made->second != name)
        Violated(fmt::format("lost: create {}, which made {}", request, name));
    }
  }

  void CheckLead(const leads::store::LeadState& state, const leads::domain::Lead& profile,
                 const leads::domain::EngagementState& recomputed,
                 const leads::scoring::PublishedPolicy& policy, absl::Time now) {
    const std::string name = leads::domain::LeadName(state.id);
    if (!made_.emplace(profile.company, name).second)
      Violated(fmt::format("create {} made two leads", profile.company));
    const double stored = leads::domain::EngagementAt(state.engagement.engagement, now);
    const double truth = leads::domain::EngagementAt(recomputed.engagement, now);
    if (std::abs(stored - truth) > 1e-9 * std::max(1.0, truth)) {
      Violated(fmt::format("{}: engagement {} should be {}", name, stored, truth));
    }
    const double fit = leads::domain::Fit(policy.compiled, profile);
    if (std::abs(state.fit - fit) > 1e-9)
      Violated(fmt::format("{}: fit {} should be {}", name, state.fit, fit));

    const Told& told = told_[name];
    if (told.seq != state.seq)
      Violated(fmt::format("{}: the topic ends at seq {}, the row at {}", name, told.seq, state.seq));
    if (told.created != 1) Violated(fmt::format("{}: created {} times", name, told.created));
    if (told.updated != state.version - 1)
      Violated(fmt::format("{}: version {} after {} updates", name, state.version, told.updated));
    if (told.lane != state.readiness.lane) {
      Violated(fmt::format("{}: ready by '{}', the topic says '{}'", name, state.readiness.lane, told.lane));
    }
    if (told.score.fit() != state.fit ||
        told.score.short_half_life().value() != state.engagement.engagement.short_half_life.value ||
        told.score.long_half_life().value() != state.engagement.engagement.long_half_life.value) {
      Violated(fmt::format("{}: the last score in the topic is not the row's", name));
    }
    const LeadModel unknown;
    const auto known = model_.leads.find(name);
    const LeadModel& model = known == model_.leads.end() ? unknown : known->second;
    if (told.updated < model.acknowledged_updates || told.updated > model.attempted_updates) {
      Violated(fmt::format("{}: {} updates of {} acknowledged and {} tried", name, told.updated,
                           model.acknowledged_updates, model.attempted_updates));
    }
    for (const auto& [client, number] : model.numbers) {
      const auto attribute = profile.attributes.find(fmt::format("u{}", client));
      const double last = attribute == profile.attributes.end() ? 0 : std::get<double>(attribute->second);
      if (last < number.first || last > number.second)
        Violated(fmt::format("{}: lost an update of client {}", name, client));
    }
  }

  const LeadsModel& model_;
  testing::Simulation& simulation_;
  Servers& servers_;
  std::vector<std::string>& violations_;
  // Request -> lead, as stored.
  std::map<std::string, std::string> made_;
  std::map<std::string, Told> told_;
};

}  // namespace

void CheckLeadsWorld(const LeadsModel& model, testing::Simulation& simulation, Servers& servers,
                     std::vector<std::string>& violations) {
  Check(model, simulation, servers, violations).CheckAll();
}

}  // namespace finalmile::simulation
