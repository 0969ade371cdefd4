#include "services/catalog/usage/consumers/lead_consumer.h"

#include <optional>
#include <string>
#include <vector>

#include "finalmile/leads/v1/lead_event.pb.h"
#include "libs/base/status.h"
#include "libs/outbox/read_batch.h"
#include "libs/rpc/timestamps.h"
#include "libs/storage/columns.h"
#include "services/catalog/usage/consumers/resource_name.h"
#include "services/catalog/usage/store/lead_store.h"

namespace finalmile::catalog::usage::consumers {
namespace {

using leads::v1::ContactPermissionChanged;
using leads::v1::LeadEvent;

// Uses are contacts for this purpose.
constexpr std::string_view kSales = "sales";

bool Concerns(const LeadEvent& event) {
  return event.has_lead_erased() || event.has_lead_became_sales_ready() || event.has_lead_cooled() ||
         (event.has_contact_permission_changed() && event.contact_permission_changed().purpose() == kSales);
}

store::PermissionRow PermissionOf(const LeadEvent& event) {
  const ContactPermissionChanged& changed = event.contact_permission_changed();
  store::PermissionRow permission{event.key(), changed.channel(), std::nullopt,
                                  rpc::FromTimestamp(event.time())};
  if (changed.state() == leads::v1::PERMISSION_STATE_ALLOWED) permission.allowed = true;
  if (changed.state() == leads::v1::PERMISSION_STATE_DENIED) permission.allowed = false;
  return permission;
}

absl::Status Keep(storage::Transaction& transaction, const LeadEvent& event) {
  if (event.has_lead_became_sales_ready()) return store::BeginCycle(transaction, event.key());
  if (event.has_lead_cooled()) return store::EndCycle(transaction, event.key());
  return store::SetPermission(transaction, PermissionOf(event));
}

}  // namespace

absl::Status LeadConsumer::Apply(storage::Transaction& transaction, outbox::Batch& batch) {
  std::vector<LeadEvent> events;
  std::vector<std::string> leads;
  RETURN_IF_ERROR(outbox::ReadBatch<LeadEvent>(
      batch, [&](size_t, const LeadEvent& event, const events::Record& record) -> absl::Status {
        if (!Concerns(event)) return absl::OkStatus();
        if (event.key() != record.key || !IsNameIn("leads/", event.key())) {
          return outbox::RecordFault("the event's key is not the record's, or not leads/ and then an id");
        }
        leads.push_back(event.key());
        events.push_back(event);
        return absl::OkStatus();
      }));
  ASSIGN_OR_RETURN(auto erased, store::InsertAndLockLeads(
                                    transaction, storage::SortedUnique(std::move(leads)), clock_.Now()));
  for (const LeadEvent& event : events) {
    if (event.has_lead_erased()) {
      erased[event.key()] = true;
      RETURN_IF_ERROR(store::EraseLeads(transaction, {event.key()}));
    } else if (!erased.at(event.key())) {
      RETURN_IF_ERROR(Keep(transaction, event));
    }
  }
  return absl::OkStatus();
}

}  // namespace finalmile::catalog::usage::consumers
