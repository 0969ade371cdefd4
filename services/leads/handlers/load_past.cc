#include "services/leads/handlers/load_past.h"

#include <fmt/format.h>

#include <limits>

#include <optional>

#include "libs/base/status.h"
#include "libs/rpc/errors.h"
#include "services/leads/domain/lead_rules.h"
#include "services/leads/store/activity_store.h"
#include "services/leads/store/fact_store.h"
#include "services/leads/store/sales_store.h"

namespace finalmile::leads::handlers {
namespace {

// Most activities, and most versions of facts, that changes are played again from.
constexpr int kMaxReplayed = 10'000;

}  // namespace

absl::StatusOr<scoring::LeadPast> LoadPast(storage::Transaction& transaction, scoring::Policies& policies,
                                           const domain::LeadId& id, absl::Time since) {
  scoring::LeadPast past;
  past.since = since;
  ASSIGN_OR_RETURN(past.facts, store::FactHistory(transaction, id, since, kMaxReplayed + 1));
  if (past.facts.empty()) return rpc::NotFound(domain::LeadName(id), "lead");
  ASSIGN_OR_RETURN(past.activities, store::ActivitiesInOrder(transaction, id, nullptr, {}, kMaxReplayed + 1));
  if (past.facts.size() > kMaxReplayed || past.activities.size() > kMaxReplayed) {
    return rpc::Error(absl::StatusCode::kFailedPrecondition, "HISTORY_TOO_LONG",
                      fmt::format("the lead has more than {} activities or changes, too many to play again; "
                                  "ask ExplainScore as of a time instead",
                                  kMaxReplayed));
  }
  ASSIGN_OR_RETURN(const std::optional<store::Aged> aged, store::ReadAged(transaction, id));
  if (aged) {
    past.aged = aged->state;
    ASSIGN_OR_RETURN(past.aged_policy, policies.ByNumber(transaction, aged->policy));
  }
  ASSIGN_OR_RETURN(const std::vector<store::CrossingRow> crossings,
                   store::CrossingsOf(transaction, id, std::numeric_limits<int64_t>::max(), kMaxReplayed));
  for (const store::CrossingRow& crossing : crossings) {
    if (crossing.end_time != absl::InfinitePast())
      past.endings.push_back({crossing.end_time, crossing.quiet_until});
  }
  ASSIGN_OR_RETURN(int64_t last, store::PolicyInForce(transaction));
  for (int64_t number = 1; number <= last; ++number) {
    ASSIGN_OR_RETURN(past.policies.emplace_back(), policies.ByNumber(transaction, number));
  }
  return past;
}

}  // namespace finalmile::leads::handlers
