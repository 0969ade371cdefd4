#include "services/appointments/consumers/lead_consumer.h"

#include <string>
#include <vector>

#include "finalmile/leads/v1/lead_event.pb.h"
#include "finalmile/v1/annotations.pb.h"
#include "libs/base/status.h"
#include "libs/outbox/read_batch.h"
#include "libs/rpc/resource_name.h"
#include "services/appointments/changes/lead_changes.h"

namespace finalmile::appointments::consumers {
namespace {

using leads::v1::LeadEvent;

const finalmile::v1::ResourceName& LeadNames() {
  static const finalmile::v1::ResourceName& form =
      leads::v1::LeadMerged::descriptor()->FindFieldByName("into")->options().GetExtension(
          finalmile::v1::resource);
  return form;
}

}  // namespace

absl::Status LeadConsumer::Apply(storage::Transaction& transaction, outbox::Batch& batch) {
  std::vector<LeadEvent> events;
  RETURN_IF_ERROR(outbox::ReadBatch<LeadEvent>(
      batch, [&](size_t, const LeadEvent& event, const events::Record& record) -> absl::Status {
        if (!changes::Concerns(event)) return absl::OkStatus();
        if (event.key() != record.key || !rpc::Fits(event.key(), LeadNames()) ||
            (event.has_lead_merged() && !rpc::Fits(event.lead_merged().into(), LeadNames()))) {
          return outbox::RecordFault("the event's key is not the record's, or it names a lead wrongly");
        }
        events.push_back(event);
        return absl::OkStatus();
      }));
  if (events.empty()) return absl::OkStatus();
  ASSIGN_OR_RETURN(const domain::WorkingHours hours, changes::ReadHours(transaction));
  const outbox::Cause cause = outbox::CauseOf(kLeadConsumer);
  changes::RequestBatch requests(transaction, hours, {clock_, rng_, clock_.Now(), cause});
  changes::LeadChanges changes(transaction, requests);
  RETURN_IF_ERROR(changes.Lock(events));
  for (const LeadEvent& event : events) changes.Apply(event);
  return requests.WriteAll();
}

}  // namespace finalmile::appointments::consumers
