#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "finalmile/catalog/v1/catalog_event.pb.h"
#include "libs/outbox/aggregates.h"
#include "libs/storage/database.h"
#include "services/catalog/domain/asset.h"
#include "services/catalog/domain/asset_id.h"
#include "services/catalog/store/asset_store.h"
#include "services/catalog/store/version_store.h"

namespace finalmile::catalog::assets {

// Notified when an asset's due time has changed.
inline constexpr std::string_view kDueChannel = "asset_due";

// An asset that a transaction changed. Caches learn of it once the transaction is committed.
struct Changed {
  domain::AssetId id;
  int64_t revision = 0;
};

// The one way in which assets change: calls, imports and the timer lock rows, say what happened, and write.
// Each change counts the asset's revision up by one. Lives inside one transaction; not thread-safe.
//
//   AssetBatch batch(transaction, context);
//   batch.Lock({id});   batch.Publish(id, publication);   batch.Write();
//
// The changes act on assets that are locked or were created in the batch. They return the refusals of
// domain/life.h as errors with their reason, and then the asset is as it was; NOT_FOUND / ASSET_NOT_FOUND for
// an asset that is not there.
class AssetBatch {
 public:
  // The references outlive the batch.
  AssetBatch(storage::Transaction& transaction, outbox::EventContext context)
      : transaction_(transaction),
        context_(context),
        assets_(transaction, store::kAssets, "assets/", context) {}

  // Locks the rows of these assets; once per batch. Absent ones are left out.
  absl::Status Lock(std::vector<domain::AssetId> ids) { return assets_.Lock(std::move(ids)); }
  // A locked or new asset; null when it is absent.
  const store::AssetRow* Find(const domain::AssetId& id) const;
  // The content of the newest version of a locked or new asset.
  absl::StatusOr<domain::Asset> Latest(const domain::AssetId& id);

  // Where an import found a page, and what it was then.
  struct Origin {
    std::string source;
    std::string path;
    std::string digest;
  };
  // A new asset under an id that was locked and found absent. `content` is normalised and valid.
  void Create(const domain::AssetId& id, domain::Asset content, Origin origin = {});
  // New content is a new version, a draft; the same content as the newest version's changes nothing.
  absl::Status Change(const domain::AssetId& id, domain::Asset content);
  // The same for a page whose path or digest has changed; false: its content has not. With `revive` a retired
  // asset always gets a new version, which takes it out of retirement once it is published.
  absl::StatusOr<bool> Reimport(const domain::AssetId& id, domain::Asset content, Origin origin, bool revive);
  absl::Status Submit(const domain::AssetId& id);
  absl::Status Approve(const domain::AssetId& id, std::string_view reviewer);
  absl::Status SendBack(const domain::AssetId& id, std::string_view reason);
  absl::Status Publish(const domain::AssetId& id, const domain::Publication& publication);
  absl::Status Retire(const domain::AssetId& id, std::string_view reason);
  // Looks at an asset again: time went by.
  absl::Status Visit(const domain::AssetId& id);

  // Writes rows, versions, tags and events of what was changed. ABORTED when an asset that was created here
  // was created by another transaction meanwhile: Transact runs the function again.
  absl::Status Write();
  const std::vector<Changed>& changed() const { return changed_; }

 private:
  // The batch keeps this beside each row.
  struct Work {
    // Content of the newest version, where it was needed.
    std::optional<domain::Asset> latest;
    // A version to be written.
    std::optional<store::VersionRow> version;
    bool reviewer_changed = false;
    // Another version is shown than before.
    bool shown_changed = false;
    // Given to reps anew, or taken from them: its live periods change.
    bool published = false;
    bool retired = false;
  };
  using Assets = outbox::Aggregates<store::AssetRow, v1::CatalogEvent, Work>;
  using Entry = Assets::Entry;

  absl::StatusOr<Entry*> At(const domain::AssetId& id);
  absl::Status Load(Entry& entry);
  // Counts the revision; a batch calls it at each change of the asset.
  void Touch(Entry& entry);
  void WriteVersion(Entry& entry, domain::Asset content);
  // Takes over the fields that filters read from the newest version, where that is the one shown.
  void Show(Entry& entry);
  v1::CatalogEvent& Emit(Entry& entry);
  // Writes the live periods and the sketches by which uses are judged.
  absl::Status WriteLive();

  storage::Transaction& transaction_;
  const outbox::EventContext context_;
  Assets assets_;
  std::vector<Changed> changed_;
};

}  // namespace finalmile::catalog::assets
