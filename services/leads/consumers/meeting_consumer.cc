#include "services/leads/consumers/meeting_consumer.h"

#include <vector>

#include "finalmile/appointments/v1/appointment_event.pb.h"
#include "libs/base/status.h"
#include "libs/outbox/read_batch.h"
#include "services/leads/domain/lead_rules.h"
#include "services/leads/scoring/sales_changes.h"

namespace finalmile::leads::consumers {

absl::Status MeetingConsumer::Apply(storage::Transaction& transaction, outbox::Batch& batch) {
  using appointments::v1::AppointmentEvent;
  std::vector<outbox::TracedEvent<AppointmentEvent>> events;
  RETURN_IF_ERROR(outbox::ReadBatch<AppointmentEvent>(
      batch, [&](size_t, const AppointmentEvent& event, const events::Record& record) -> absl::Status {
        if (event.key() != record.key) return outbox::RecordFault("the event's key is not the record's");
        if (!scoring::Concerns(event)) return absl::OkStatus();
        if (!domain::LeadIdOf(scoring::LeadOf(event)))
          return outbox::RecordFault("lead: is no name of a lead");
        events.push_back({event});
        return absl::OkStatus();
      }));
  if (events.empty()) return absl::OkStatus();
  const absl::Time now = clock_.Now();
  const outbox::Cause cause = outbox::CauseOf(kMeetingConsumer);
  scoring::LeadBatch leads(transaction, policies_, {clock_, rng_, now, cause});
  return scoring::SalesChanges(transaction, leads, now).Apply(events);
}

}  // namespace finalmile::leads::consumers
