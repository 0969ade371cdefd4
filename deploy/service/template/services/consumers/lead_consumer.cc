#include "services/@name@/consumers/lead_consumer.h"

#include <algorithm>
#include <string>
#include <vector>

#include "finalmile/leads/v1/lead_event.pb.h"
#include "libs/base/status.h"
#include "libs/outbox/read_batch.h"
#include "libs/storage/columns.h"
#include "services/@name@/changes/@noun@_batch.h"

namespace finalmile::@name@::consumers {

absl::Status LeadConsumer::Apply(storage::Transaction& transaction, outbox::Batch& batch) {
  using leads::v1::LeadEvent;
  std::vector<domain::LeadName> erased;
  RETURN_IF_ERROR(outbox::ReadBatch<LeadEvent>(
      batch, [&](size_t, const LeadEvent& event, const events::Record& record) -> absl::Status {
        if (event.key() != record.key) return outbox::RecordFault("the event's key is not the record's");
        if (event.has_lead_erased()) erased.emplace_back(event.key());
        return absl::OkStatus();
      }));
  if (erased.empty()) return absl::OkStatus();
  erased = storage::SortedUnique(std::move(erased));
  ASSIGN_OR_RETURN(std::vector<domain::@Noun@Id> ids, store::OfLeads(transaction, erased));
  const outbox::Cause cause = outbox::CauseOf(kLeadConsumer);
  changes::@Noun@Batch rows(transaction, {clock_, rng_, clock_.Now(), cause});
  RETURN_IF_ERROR(rows.Lock(std::move(ids)));
  for (auto& [id, entry] : rows.entries()) {
    // It may have been changed before it was locked.
    if (std::binary_search(erased.begin(), erased.end(), entry.row.content.lead)) rows.Delete(entry);
  }
  return rows.Write();
}

}  // namespace finalmile::@name@::consumers
