#include "services/leads/store/opportunity_store.h"

#include <algorithm>

#include "libs/base/status.h"
#include "libs/storage/columns.h"

namespace finalmile::leads::store {

const storage::Table<OpportunityRow> kOpportunities("opportunities", {"lead", "id"},
                                                    {{"lead", &OpportunityRow::lead},
                                                     {"id", &OpportunityRow::id},
                                                     {"state", &OpportunityRow::state},
                                                     {"amount", "DOUBLE",
                                                      [](const OpportunityRow& row) -> storage::Value {
                                                        return row.amount ? storage::Value(*row.amount)
                                                                          : storage::Value();
                                                      },
                                                      [](const storage::Row& row, size_t column,
                                                         OpportunityRow& record) {
                                                        record.amount = row.OptionalReal(column);
                                                        return absl::OkStatus();
                                                      }},
                                                     {"currency", &OpportunityRow::currency},
                                                     {"update_time", &OpportunityRow::update_time}});

absl::StatusOr<storage::Deferred> DeferOpportunities(storage::Transaction& transaction,
                                                     const std::vector<domain::LeadId>& leads) {
  return transaction.DeferMany(
      kOpportunities.select() + " WHERE lead IN (SELECT r.wanted FROM {rows: wanted TEXT} AS r)",
      storage::IdRows(leads));
}

absl::StatusOr<std::map<domain::LeadId, std::vector<OpportunityRow>>> OpportunitiesOf(
    const storage::Result& read) {
  ASSIGN_OR_RETURN(std::vector<OpportunityRow> rows, kOpportunities.Records(read));
  std::map<domain::LeadId, std::vector<OpportunityRow>> by_lead;
  for (OpportunityRow& row : rows) {
    std::vector<OpportunityRow>& own = by_lead[row.lead];
    own.push_back(std::move(row));
  }
  for (auto& [lead, own] : by_lead) {
    std::sort(own.begin(), own.end(), [](const OpportunityRow& a, const OpportunityRow& b) {
      return a.update_time != b.update_time ? a.update_time > b.update_time : a.id < b.id;
    });
  }
  return by_lead;
}

}  // namespace finalmile::leads::store
