#include "services/appointments/consumers/lead_consumer.h"

#include <string>
#include <vector>

#include "finalmile/leads/v1/lead_event.pb.h"
#include "libs/base/status.h"
#include "libs/outbox/read_batch.h"
#include "services/appointments/changes/lead_changes.h"
#include "services/appointments/consumers/lead_names.h"

namespace finalmile::appointments::consumers {
namespace {

using leads::v1::LeadEvent;

}  // namespace

absl::Status LeadConsumer::Apply(storage::Transaction& transaction, outbox::Batch& batch) {
  std::vector<outbox::TracedEvent<LeadEvent>> events;
  RETURN_IF_ERROR(outbox::ReadBatch<LeadEvent>(
      batch, [&](size_t, const LeadEvent& event, const events::Record& record) -> absl::Status {
        if (!changes::Concerns(event)) return absl::OkStatus();
        if (event.key() != record.key || !NamesLead(event.key()) ||
            (event.has_lead_merged() && !NamesLead(event.lead_merged().into()))) {
          return outbox::RecordFault("the event's key is not the record's, or it names a lead wrongly");
        }
        events.push_back({event});
        return absl::OkStatus();
      }));
  if (events.empty()) return absl::OkStatus();
  const outbox::Cause cause = outbox::CauseOf(kLeadConsumer);
  const outbox::EventContext at{clock_, rng_, clock_.Now(), cause};
  changes::RequestBatch requests(transaction, at);
  changes::AppointmentBatch appointments(transaction, requests, at);
  changes::LeadChanges changes(transaction, requests, appointments);
  RETURN_IF_ERROR(changes.Lock(events));
  for (const auto& [event, trace] : events) {
    const TraceScope scope(trace);
    RETURN_IF_ERROR(changes.Apply(event));
  }
  RETURN_IF_ERROR(requests.WriteAll());
  return appointments.WriteAll();
}

}  // namespace finalmile::appointments::consumers
