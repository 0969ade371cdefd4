#include "services/@name@/consumers/lead_consumer.h"

#include <map>
#include <optional>
#include <vector>

#include "finalmile/leads/v1/lead_event.pb.h"
#include "libs/base/status.h"
#include "libs/outbox/read_batch.h"
#include "services/@name@/changes/@noun@_batch.h"

namespace finalmile::@name@::consumers {

absl::Status LeadConsumer::Apply(storage::Transaction& transaction, outbox::Batch& batch) {
  using leads::v1::LeadEvent;
  // With the trace of what follows.
  std::map<domain::LeadName, std::optional<TraceContext>> erased;
  RETURN_IF_ERROR(outbox::ReadBatch<LeadEvent>(
      batch, [&](size_t, const LeadEvent& event, const events::Record& record) -> absl::Status {
        if (event.key() != record.key) return outbox::RecordFault("the event's key is not the record's");
        if (event.has_lead_erased()) erased[domain::LeadName(event.key())] = TraceScope::Current();
        return absl::OkStatus();
      }));
  if (erased.empty()) return absl::OkStatus();
  std::vector<domain::LeadName> leads;
  for (const auto& [lead, trace] : erased) leads.push_back(lead);
  ASSIGN_OR_RETURN(std::vector<domain::@Noun@Id> ids, store::OfLeads(transaction, leads));
  const outbox::Cause cause = outbox::CauseOf(kLeadConsumer);
  changes::@Noun@Batch rows(transaction, {clock_, rng_, clock_.Now(), cause});
  RETURN_IF_ERROR(rows.Lock(std::move(ids)));
  for (auto& [id, entry] : rows.entries()) {
    const auto found = erased.find(entry.row.content.lead);
    // It may have been changed before it was locked.
    if (found == erased.end()) continue;
    const TraceScope scope(found->second);
    rows.Delete(entry);
  }
  return rows.Write();
}

}  // namespace finalmile::@name@::consumers
