#pragma once

#include <functional>
#include <optional>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/storage/database.h"
#include "services/leads/domain/compiled_policy.h"
#include "services/leads/domain/engagement.h"
#include "services/leads/domain/explain.h"
#include "services/leads/scoring/policies.h"
#include "services/leads/store/activity_store.h"

// Counts what a lead did, however much it is: no more than a page of a long history is in memory.
namespace finalmile::leads::scoring {

// Reads the activities of a lead in canonical order, those of a long history page by page. `check` is asked
// after each page; its error ends the reading.
absl::Status ForEachActivity(storage::Transaction& transaction, const domain::LeadId& lead,
                             const store::History& history, const std::function<absl::Status()>& check,
                             const std::function<void(const domain::Activity&)>& take);

// The sum of aged activities, as the start of a count under `policy`.
absl::StatusOr<domain::EngagementState> AgedUnder(storage::Transaction& transaction, Policies& policies,
                                                  const std::optional<store::Aged>& aged,
                                                  const domain::CompiledPolicy& policy);

// Explains the score of a lead under `policy` at `as_of` from those of its activities that `which` names,
// read page by page. `check` is asked after each page; its error ends the reading.
absl::StatusOr<domain::Explainer> ReadExplainer(storage::Transaction& transaction, Policies& policies,
                                                const domain::LeadId& lead,
                                                const domain::CompiledPolicy& policy, absl::Time as_of,
                                                const store::Which& which,
                                                const std::function<absl::Status()>& check);

// The sum of all activities of a lead under `policy`. A long history is read page by page, as above.
absl::StatusOr<domain::EngagementState> RecomputeAll(storage::Transaction& transaction, Policies& policies,
                                                     const domain::LeadId& lead,
                                                     const store::History& history,
                                                     const domain::CompiledPolicy& policy,
                                                     const std::function<absl::Status()>& check);

// The same for a history that is not long, and its explanation.
absl::StatusOr<domain::Explainer> ExplainerOf(storage::Transaction& transaction, Policies& policies,
                                              const store::History& history,
                                              const domain::CompiledPolicy& policy, absl::Time as_of);
absl::StatusOr<domain::Explanation> ExplainHistory(storage::Transaction& transaction, Policies& policies,
                                                   const store::History& history,
                                                   const domain::CompiledPolicy& policy,
                                                   const domain::Lead& facts, absl::Time as_of);

}  // namespace finalmile::leads::scoring
