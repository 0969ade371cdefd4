#include "services/appointments/consumers/catalog_consumer.h"

#include <string>
#include <vector>

#include "finalmile/catalog/v1/catalog_event.pb.h"
#include "libs/base/status.h"
#include "libs/outbox/read_batch.h"
#include "libs/rpc/timestamps.h"
#include "libs/storage/columns.h"
#include "services/appointments/consumers/lead_names.h"
#include "services/appointments/store/lead_store.h"
#include "services/appointments/store/touch_store.h"

namespace finalmile::appointments::consumers {
namespace {

using catalog::v1::CatalogEvent;

// Twice what a meeting freezes: an outcome may be recorded late.
const absl::Duration kKeepTouches = 2 * domain::kTouchWindow;

// A lead as it is named now; null: it was erased.
const store::LeadRow* Current(const std::map<domain::LeadName, store::LeadRow>& leads,
                              const domain::LeadName& name) {
  auto found = leads.find(name);
  while (found != leads.end() && !found->second.merged_into.empty())
    found = leads.find(found->second.merged_into);
  return found == leads.end() || found->second.erased ? nullptr : &found->second;
}

}  // namespace

absl::Status CatalogConsumer::Apply(storage::Transaction& transaction, outbox::Batch& batch) {
  std::vector<store::TouchRow> touches;
  RETURN_IF_ERROR(outbox::ReadBatch<CatalogEvent>(
      batch, [&](size_t, const CatalogEvent& event, const events::Record& record) -> absl::Status {
        if (!event.has_asset_used() && !event.has_asset_viewed()) return absl::OkStatus();
        const bool used = event.has_asset_used();
        const std::string& lead = used ? event.asset_used().lead() : event.asset_viewed().lead();
        // A use by somebody who names no lead.
        if (lead.empty()) return absl::OkStatus();
        if (event.key() != record.key || !NamesLead(lead))
          return outbox::RecordFault("the event's key is not the record's, or it names a lead wrongly");
        const int64_t version = used ? event.asset_used().version() : event.asset_viewed().version();
        touches.push_back({domain::LeadName(lead),
                           {event.key(), version, rpc::StoredTime(event.time()), used ? "used" : "viewed"}});
        return absl::OkStatus();
      }));
  if (touches.empty()) return absl::OkStatus();
  std::vector<domain::LeadName> names;
  for (const store::TouchRow& touch : touches) names.push_back(touch.lead);
  // A row is made of a lead that is not known yet, so that its erasure waits for this, or this for it.
  ASSIGN_OR_RETURN(const auto leads,
                   store::LockLeads(transaction, storage::SortedUnique(std::move(names)), {}));
  std::vector<store::TouchRow> kept;
  std::vector<domain::LeadName> changed;
  for (store::TouchRow& touch : touches) {
    const store::LeadRow* lead = Current(leads, touch.lead);
    if (lead == nullptr) continue;
    touch.lead = lead->id;
    changed.push_back(lead->id);
    kept.push_back(std::move(touch));
  }
  if (kept.empty()) return absl::OkStatus();
  RETURN_IF_ERROR(store::AddTouches(transaction, kept));
  return store::TrimTouches(transaction, storage::SortedUnique(std::move(changed)),
                            clock_.Now() - kKeepTouches);
}

}  // namespace finalmile::appointments::consumers
