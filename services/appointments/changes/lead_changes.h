#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "finalmile/leads/v1/lead_event.pb.h"
#include "services/appointments/changes/request_batch.h"

namespace finalmile::appointments::changes {

// Whether the event concerns this service. Of LeadUpdated the owner alone does.
bool Concerns(const leads::v1::LeadEvent& event);

// What events of leads do to meeting requests. Lives in one transaction; not thread-safe.
class LeadChanges {
 public:
  // The batch outlives it; nothing is locked yet.
  LeadChanges(storage::Transaction& transaction, RequestBatch& batch)
      : transaction_(transaction), batch_(batch) {}

  // Locks all that these events concern.
  absl::Status Lock(const std::vector<leads::v1::LeadEvent>& events);
  // In order of each key. Events of erased leads change nothing.
  void Apply(const leads::v1::LeadEvent& event);

 private:
  void BecameReady(store::LeadRow& lead, const leads::v1::LeadEvent& event);
  void Cooled(const store::LeadRow& lead, const leads::v1::LeadCooled& cooled);
  void Erased(store::LeadRow& lead);
  void Merged(store::LeadRow& lead, const std::string& into);
  void Permission(store::LeadRow& lead, const leads::v1::ContactPermissionChanged& changed);
  void OwnerChanged(const store::LeadRow& lead, const std::string& owner);

  storage::Transaction& transaction_;
  RequestBatch& batch_;
};

}  // namespace finalmile::appointments::changes
