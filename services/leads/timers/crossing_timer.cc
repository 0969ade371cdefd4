#include "services/leads/timers/crossing_timer.h"

#include <map>

#include "libs/base/status.h"
#include "libs/storage/columns.h"
#include "services/leads/domain/lead_rules.h"

namespace finalmile::leads::timers {

absl::Status CrossingTimer::Visit(storage::Transaction& transaction, const std::vector<std::string>& ids,
                                  absl::Time now) {
  ASSIGN_OR_RETURN(const storage::Deferred locked,
                   store::kCrossings.DeferLock(transaction, storage::SortedUnique(ids)));
  RETURN_IF_ERROR(transaction.Settle());
  ASSIGN_OR_RETURN(std::vector<store::CrossingRow> crossings, store::kCrossings.Records(*locked));
  std::vector<domain::LeadId> leads;
  for (const store::CrossingRow& crossing : crossings) leads.push_back(crossing.lead);
  ASSIGN_OR_RETURN(const std::vector<domain::SalesFact> facts,
                   store::SalesFactsOfLeads(transaction, storage::SortedUnique(std::move(leads))));
  std::vector<const store::CrossingRow*> decided;
  std::vector<std::string> old;
  for (store::CrossingRow& crossing : crossings) {
    if (crossing.due_time > now) continue;
    if (now >= crossing.time + domain::kHistory) {
      old.push_back(crossing.id);
      continue;
    }
    std::vector<domain::SalesFact> own;
    for (const domain::SalesFact& fact : facts) {
      if (fact.lead == crossing.lead && fact.cycle == crossing.cycle) own.push_back(fact);
    }
    crossing.label = domain::LabelOf(own);
    crossing.due_time = crossing.time + domain::kHistory;
    decided.push_back(&crossing);
  }
  if (!decided.empty()) RETURN_IF_ERROR(store::kCrossings.Update(transaction, decided));
  return old.empty() ? absl::OkStatus() : store::DeleteCrossings(transaction, old);
}

}  // namespace finalmile::leads::timers
