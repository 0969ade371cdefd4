#include "services/leads/scoring/policy_trial.h"

#include <algorithm>

#include "libs/base/status.h"
#include "libs/storage/transact.h"
#include "services/leads/domain/fit.h"
#include "services/leads/domain/grade.h"
#include "services/leads/domain/lead_rules.h"
#include "services/leads/scoring/convert.h"
#include "services/leads/scoring/counting.h"
#include "services/leads/store/lead_store.h"
#include "services/leads/store/list_store.h"
#include "services/leads/store/profile_store.h"

namespace finalmile::leads::scoring {
namespace {

using storage::Transaction;

constexpr int kTrialChunk = 200;
constexpr int kTrialNames = 100;

// Leads that a trial of a policy looks at together.
struct TrialChunk {
  std::vector<store::LeadState> leads;
  std::map<std::string, domain::Lead> profiles;
  // Under the policy that is tried; a lead without activities may be left out.
  std::map<std::string, domain::EngagementState> engagements;
  // The id of the last lead; more leads may follow it where the chunk is full.
  std::string last;
  bool full = false;
};

absl::StatusOr<TrialChunk> ReadTrialChunk(Transaction& transaction, Policies& policies,
                                          const domain::CompiledPolicy& policy, const std::string& after,
                                          const std::function<absl::Status()>& check) {
  TrialChunk chunk;
  ASSIGN_OR_RETURN(const auto ids, store::ListLeads(transaction, {}, after, kTrialChunk));
  ASSIGN_OR_RETURN(chunk.leads, store::ReadLeads(transaction, ids));
  ASSIGN_OR_RETURN(chunk.profiles, store::ReadProfiles(transaction, ids));
  ASSIGN_OR_RETURN(const store::Histories histories, store::ReadHistories(transaction, ids));
  for (const auto& [id, history] : histories) {
    ASSIGN_OR_RETURN(chunk.engagements[id], RecomputeAll(transaction, policies, id, history, policy, check));
  }
  chunk.full = std::ssize(ids) == kTrialChunk;
  if (!ids.empty()) chunk.last = ids.back();
  return chunk;
}

}  // namespace

absl::StatusOr<v1::PolicyTrial> TryPolicy(storage::Database& database, Policies& policies,
                                          const v1::Policy& message, int64_t weekly_capacity, absl::Time now,
                                          absl::Duration deadline,
                                          const std::function<absl::Status()>& check) {
  const domain::CompiledPolicy compiled(FromProto(message));
  const domain::Policy& policy = compiled.policy();
  const auto scored_lane = std::find_if(policy.lanes.begin(), policy.lanes.end(),
                                        [](const domain::Lane& lane) { return !lane.hand_raise; });
  v1::PolicyTrial trial;
  std::vector<std::pair<double, std::string>> becoming;
  std::vector<std::pair<double, std::string>> ceasing;
  std::vector<double> candidates;
  TrialChunk chunk;
  do {
    RETURN_IF_ERROR(check());
    ASSIGN_OR_RETURN(chunk, storage::Read(database, deadline, [&](Transaction& transaction) {
                       return ReadTrialChunk(transaction, policies, compiled, chunk.last, check);
                     }));
    for (const store::LeadState& lead : chunk.leads) {
      const double fit = domain::Fit(compiled, chunk.profiles[lead.id]);
      const domain::EngagementState& engagement = chunk.engagements[lead.id];
      const domain::ReadinessInput input{lead.gates != 0,       fit,
                                         engagement.engagement, engagement.last_hand_raise,
                                         lead.outcome_time,     lead.history_time};
      const domain::Readiness result = domain::Evaluate(policy, input, lead.readiness, now);
      const bool before = !lead.readiness.lane.empty();
      const bool ready = !result.state.lane.empty();
      const double score = fit + result.engagement;
      ++(*trial.mutable_grades_before())[lead.readiness.grade];
      ++(*trial.mutable_grades_after())[domain::Grade(policy.grade_edges, fit, result.engagement)];
      trial.set_leads(trial.leads() + 1);
      trial.set_sales_ready_before(trial.sales_ready_before() + before);
      trial.set_sales_ready_after(trial.sales_ready_after() + ready);
      if (ready && !before) becoming.emplace_back(-score, domain::LeadName(lead.id));
      if (before && !ready) ceasing.emplace_back(-score, domain::LeadName(lead.id));
      if (scored_lane != policy.lanes.end() && lead.gates == 0 && fit >= scored_lane->min_fit) {
        candidates.push_back(result.engagement);
      }
    }
  } while (chunk.full);
  auto name = [](std::vector<std::pair<double, std::string>>& crossing, auto* out) {
    std::sort(crossing.begin(), crossing.end());
    for (size_t i = 0; i < std::min<size_t>(crossing.size(), kTrialNames); ++i)
      out->Add(std::move(crossing[i].second));
  };
  name(becoming, trial.mutable_becoming_ready());
  name(ceasing, trial.mutable_ceasing_ready());
  if (weekly_capacity > 0 && !candidates.empty()) {
    std::sort(candidates.rbegin(), candidates.rend());
    const size_t last = std::min<size_t>(candidates.size(), static_cast<size_t>(weekly_capacity)) - 1;
    trial.set_suggested_min_engagement(candidates[last]);
  }
  return trial;
}

}  // namespace finalmile::leads::scoring
