#include "services/leads/scoring/trial_leads.h"

#include <map>
#include <utility>

#include "libs/base/status.h"
#include "services/leads/domain/fit.h"
#include "services/leads/scoring/convert.h"
#include "services/leads/scoring/counting.h"
#include "services/leads/store/activity_store.h"
#include "services/leads/store/fact_store.h"
#include "services/leads/store/list_store.h"
#include "services/leads/store/profile_store.h"

namespace finalmile::leads::scoring {
namespace {

using storage::Transaction;

constexpr int kChunk = 200;
// Most versions of a lead's facts that are played again; of one with more the facts of now hold throughout.
constexpr int kMostFacts = 500;

domain::ReadinessInput StandingOf(const domain::CompiledPolicy& policy, const store::FactVersion& version) {
  domain::ReadinessInput input;
  input.gated = version.gates != 0;
  input.fit = domain::Fit(policy, version.facts);
  input.outcome_time = version.facts.outcome_time;
  input.history_time = version.facts.history_time;
  return input;
}

absl::StatusOr<domain::Course> Begin(Transaction& transaction, Policies& policies,
                                     const domain::CompiledPolicy& policy,
                                     const std::vector<store::FactVersion>& facts,
                                     const store::History& history) {
  ASSIGN_OR_RETURN(domain::EngagementState aged, AgedUnder(transaction, policies, history.aged, policy));
  std::vector<domain::Standing> standings;
  for (const store::FactVersion& version : facts)
    standings.push_back({version.record_time, StandingOf(policy, version)});
  return domain::Course(policy, std::move(standings), std::move(aged));
}

}  // namespace

absl::StatusOr<TrialChunk> ReadTrialChunk(Transaction& transaction, Policies& policies,
                                          const domain::CompiledPolicy& before,
                                          const domain::CompiledPolicy& after,
                                          const domain::LeadId& after_lead, absl::Time since,
                                          const std::function<absl::Status()>& check) {
  ASSIGN_OR_RETURN(const auto ids, store::ListLeads(transaction, {}, after_lead, kChunk));
  ASSIGN_OR_RETURN(std::vector<store::LeadState> rows, store::ReadLeads(transaction, ids));
  ASSIGN_OR_RETURN(auto profiles, store::ReadProfiles(transaction, ids));
  ASSIGN_OR_RETURN(auto histories, store::ReadHistories(transaction, ids));
  ASSIGN_OR_RETURN(auto facts, store::FactHistories(transaction, ids, since, kMostFacts));
  TrialChunk chunk;
  for (store::LeadState& row : rows) {
    std::vector<store::FactVersion>& known = facts[row.id];
    if (known.empty()) known.push_back({row.id, row.version, row.update_time, row.gates, profiles[row.id]});
    const store::History& history = histories[row.id];
    ASSIGN_OR_RETURN(domain::Course was, Begin(transaction, policies, before, known, history));
    ASSIGN_OR_RETURN(domain::Course is, Begin(transaction, policies, after, known, history));
    RETURN_IF_ERROR(
        ForEachActivity(transaction, row.id, history, check, [&](const domain::Activity& activity) {
          was.Count(activity);
          is.Count(activity);
        }));
    was.End();
    is.End();
    chunk.leads.push_back({std::move(row), std::move(was), std::move(is)});
  }
  chunk.full = std::ssize(ids) == kChunk;
  if (!ids.empty()) chunk.last = ids.back();
  return chunk;
}

}  // namespace finalmile::leads::scoring
