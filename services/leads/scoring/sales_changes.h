#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "finalmile/appointments/v1/appointment_event.pb.h"
#include "libs/outbox/envelope.h"
#include "services/leads/scoring/lead_batch.h"
#include "services/leads/store/sales_store.h"

namespace finalmile::leads::scoring {

// Whether the event says something of a lead that this service keeps.
bool Concerns(const appointments::v1::AppointmentEvent& event);
// "leads/…" of such an event; empty: the lead was erased.
const std::string& LeadOf(const appointments::v1::AppointmentEvent& event);
// What the event makes of what was known of its request or meeting. Events of one key come in order.
void Apply(const appointments::v1::AppointmentEvent& event, domain::SalesFact& fact);

// What requests and meetings do to leads: stage, cycle, gates, permissions, and the label of the crossing.
// Lives in one transaction; not thread-safe.
class SalesChanges {
 public:
  // The batch outlives it; nothing is locked yet.
  SalesChanges(storage::Transaction& transaction, LeadBatch& batch, absl::Time now)
      : transaction_(transaction), batch_(batch), now_(now) {}

  // Applies events that concern the service, in order of each key, and writes the batch.
  absl::Status Apply(const std::vector<outbox::TracedEvent<appointments::v1::AppointmentEvent>>& events);

 private:
  // What this batch of events does to one lead beside its facts.
  struct Effects {
    absl::Time quiet_until = absl::InfinitePast();
    std::set<domain::Gate> gates;
    bool opted_out = false;
    absl::Time opt_out_time;
    std::string_view cause = "request";
  };

  absl::Status Load(const std::vector<outbox::TracedEvent<appointments::v1::AppointmentEvent>>& events);
  void Keep(const appointments::v1::AppointmentEvent& event);
  absl::Status Settle(const domain::LeadId& lead, const Effects& effects);
  absl::Status SetFacts(const domain::LeadId& lead, const Effects& effects);
  absl::Status Label(const domain::LeadId& lead, const std::vector<domain::SalesFact>& facts, bool ended,
                     absl::Time quiet_until);

  storage::Transaction& transaction_;
  LeadBatch& batch_;
  const absl::Time now_;
  // Name of a lead -> the lead itself, or the one that it was merged into.
  std::map<std::string, domain::LeadId> followed_;
  // By key: the facts that the events are about, and all others of their leads.
  std::map<std::string, domain::SalesFact> facts_;
  std::set<std::string> changed_;
  std::map<domain::LeadId, Effects> effects_;
  std::map<domain::LeadId, domain::Lead> profiles_;
  std::vector<store::CrossingRow> crossings_;
};

}  // namespace finalmile::leads::scoring
