#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "finalmile/appointments/v1/appointment_event.pb.h"
#include "libs/outbox/aggregates.h"
#include "services/appointments/changes/request_events.h"
#include "services/appointments/domain/working_hours.h"
#include "services/appointments/store/lead_store.h"
#include "services/appointments/store/request_store.h"

namespace finalmile::appointments::changes {

// How long a request is kept that has ended.
inline constexpr absl::Duration kKeepEnded = absl::Hours(24 * 400);

// The team's hours as they are now. FAILED_PRECONDITION: its zone is no more in the database of this machine.
absl::StatusOr<domain::WorkingHours> ReadHours(storage::Transaction& transaction);

// The one way in which meeting requests and what is kept of their leads change, whoever changes them: a call,
// an event of the leads, or time. Rows are locked in this order: leads, then requests, each by name.
class RequestBatch : public outbox::Aggregates<store::RequestRow, v1::AppointmentEvent> {
 public:
  // The references outlive it.
  RequestBatch(storage::Transaction& transaction, const outbox::EventContext& context)
      : Aggregates(transaction, store::kRequests, domain::kRequestCollection, context),
        transaction_(transaction),
        at_(context) {}

  // Locks leads, and those that they were merged into, and reads the team's hours. `inserted` get rows where
  // they have none. Once for each batch. Errors as ReadHours has them.
  absl::Status LockLeads(std::vector<domain::LeadName> inserted, std::vector<domain::LeadName> others);
  // Locks requests, and before them their leads, which the batch has not locked yet. Absent ones are left
  // out.
  absl::Status LockWithLeads(const std::vector<domain::RequestId>& ids);

  // A locked lead, or the one that it was merged into; null where there is none.
  store::LeadRow* LeadOf(const domain::LeadName& name);
  // Its row is written.
  void ChangeLead(const store::LeadRow& lead) { changed_leads_.insert(lead.id); }
  // The active request of a lead among the locked and added ones; null where there is none.
  Entry* ActiveOf(const domain::LeadName& lead);

  // A new request of a locked lead, as domain::Open makes it, without its event.
  Entry& Open(const domain::LeadName& lead, const std::string& owner, const domain::Crossing& crossing);

  // A transition has changed the row of `entry`: tells what it returned, and keeps of it in the lead's row
  // what holds for later requests.
  void Tell(Entry& entry, const domain::RequestEvents& events, const EventDetails& details = {});

  // Writes the changed requests with their events, and the leads.
  absl::Status WriteAll();

  // They are the team's, and are known once the leads are locked.
  const domain::WorkingHours& hours() const { return hours_; }
  absl::Time now() const { return at_.now; }

 private:
  storage::Transaction& transaction_;
  domain::WorkingHours hours_;
  const outbox::EventContext at_;
  std::map<domain::LeadName, store::LeadRow> leads_;
  std::set<domain::LeadName> changed_leads_;
};

}  // namespace finalmile::appointments::changes
