#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "finalmile/leads/v1/lead_event.pb.h"
#include "libs/outbox/envelope.h"
#include "services/appointments/changes/appointment_batch.h"
#include "services/appointments/changes/request_batch.h"

namespace finalmile::appointments::changes {

// Whether the event concerns this service. Of LeadUpdated the owner alone does.
bool Concerns(const leads::v1::LeadEvent& event);

// What events of leads do to meeting requests and meetings. Lives in one transaction; not thread-safe.
class LeadChanges {
 public:
  // The batches outlive it; nothing is locked yet.
  LeadChanges(storage::Transaction& transaction, RequestBatch& batch, AppointmentBatch& appointments)
      : transaction_(transaction), batch_(batch), appointments_(appointments) {}

  // Locks all that these events concern.
  absl::Status Lock(const std::vector<outbox::TracedEvent<leads::v1::LeadEvent>>& events);
  // In order of each key. Events of erased leads change nothing.
  absl::Status Apply(const leads::v1::LeadEvent& event);

 private:
  // The meetings of the leads `whole`, and those that a lead that became ready may have.
  absl::Status LockMeetings(const std::vector<outbox::TracedEvent<leads::v1::LeadEvent>>& events,
                            std::vector<domain::LeadName> whole);
  void BecameReady(store::LeadRow& lead, const leads::v1::LeadEvent& event);
  void Cooled(const store::LeadRow& lead, const leads::v1::LeadCooled& cooled);
  // A meeting that was booked before the lead became sales-ready is the one that the request asks for.
  void LinkMeeting(RequestBatch::Entry& request);
  absl::Status Erased(store::LeadRow& lead);
  absl::Status Merged(store::LeadRow& lead, const domain::LeadName& into, absl::Time time);
  void Permission(store::LeadRow& lead, const leads::v1::ContactPermissionChanged& changed, absl::Time time);
  void OwnerChanged(const store::LeadRow& lead, const std::string& owner);

  storage::Transaction& transaction_;
  RequestBatch& batch_;
  AppointmentBatch& appointments_;
};

}  // namespace finalmile::appointments::changes
