#include "services/coaching/consumers/catalog_consumer.h"

#include <optional>
#include <string>
#include <vector>

#include "finalmile/catalog/v1/catalog_event.pb.h"
#include "libs/base/status.h"
#include "libs/outbox/read_batch.h"
#include "libs/rpc/timestamps.h"
#include "services/coaching/changes/track_batch.h"

namespace finalmile::coaching::consumers {
namespace {

using catalog::v1::CatalogEvent;

// The change that an event tells of its asset; nullopt: none that concerns a track.
std::optional<Source> ChangeOf(const CatalogEvent& event) {
  const absl::Time time = rpc::StoredTime(event.time());
  switch (event.event_case()) {
    case CatalogEvent::kAssetPublished:
      if (event.asset_published().version() == event.asset_published().previous_version())
        return std::nullopt;
      return Source{event.key(), SourceChangeKind::kPublished, event.asset_published().version(), time};
    case CatalogEvent::kAssetRetired:
      return Source{event.key(), SourceChangeKind::kRetired, event.asset_retired().version(), time};
    case CatalogEvent::kAssetExpired:
      return Source{event.key(), SourceChangeKind::kExpired, event.asset_expired().version(), time};
    default:
      return std::nullopt;
  }
}

}  // namespace

absl::Status CatalogConsumer::Apply(storage::Transaction& transaction, outbox::Batch& batch) {
  std::vector<outbox::TracedEvent<Source>> changes;
  std::vector<std::string> assets;
  RETURN_IF_ERROR(outbox::ReadBatch<CatalogEvent>(
      batch, [&](size_t, const CatalogEvent& event, const events::Record& record) -> absl::Status {
        if (event.key() != record.key) return outbox::RecordFault("the event's key is not the record's");
        std::optional<Source> change = ChangeOf(event);
        if (!change) return absl::OkStatus();
        assets.push_back(change->asset);
        changes.push_back({*std::move(change)});
        return absl::OkStatus();
      }));
  if (changes.empty()) return absl::OkStatus();
  ASSIGN_OR_RETURN(const std::vector<TalkTrackId> tracks, store::TracksBuiltOn(transaction, assets));
  const outbox::Cause cause = outbox::CauseOf(kCatalogConsumer);
  changes::TrackBatch rows(transaction, {clock_, rng_, clock_.Now(), cause});
  RETURN_IF_ERROR(rows.Lock(tracks));
  for (const TalkTrackId& track : tracks) {
    changes::TrackBatch::Entry* entry = rows.Find(track);
    if (entry == nullptr) continue;
    for (const auto& [change, trace] : changes) {
      const TraceScope scope(trace);
      RETURN_IF_ERROR(rows.TakeChanges(*entry, {change}));
    }
  }
  return rows.Write();
}

}  // namespace finalmile::coaching::consumers
