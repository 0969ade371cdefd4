#include "services/catalog/assets/hot_assets.h"

#include "libs/base/status.h"
#include "libs/storage/transact.h"
#include "services/catalog/assets/read_assets.h"

namespace finalmile::catalog::assets {
namespace {

std::string Key(const domain::AssetId& id) { return "asset/" + id.text(); }

}  // namespace

std::optional<cache::Entry> HotAssets::TryGet(const domain::AssetId& id, int64_t version,
                                              int64_t min_revision) {
  if (version != 0) return std::nullopt;
  return cache_.TryGet(Key(id), min_revision);
}

absl::StatusOr<cache::Entry> HotAssets::Get(const domain::AssetId& id, int64_t version, int64_t min_revision,
                                            absl::Duration deadline) {
  if (version == 0) {
    return cache_.Get(
        Key(id), min_revision, [&](absl::Duration load_deadline) { return Load(id, 0, load_deadline); },
        deadline);
  }
  ASSIGN_OR_RETURN(cache::Entry entry, Load(id, version, deadline));
  return cache::NotOlder(std::move(entry), min_revision);
}

absl::StatusOr<cache::Entry> HotAssets::Load(const domain::AssetId& id, int64_t version,
                                             absl::Duration deadline) {
  return storage::Read(
      database_, deadline, [&](storage::Transaction& transaction) -> absl::StatusOr<cache::Entry> {
        ASSIGN_OR_RETURN(std::vector<Read> read, ReadAssets(transaction, {{id, version}}, true));
        cache::Entry entry{read[0].revision, nullptr};
        if (read[0].asset) {
          entry.value = std::make_shared<const std::string>(read[0].asset->SerializeAsString());
        }
        return entry;
      });
}

void HotAssets::Wrote(const std::vector<Changed>& changed) {
  for (const Changed& one : changed) cache_.Wrote(Key(one.id), one.revision);
}

void HotAssets::Invalidate(const domain::AssetId& id) { cache_.Invalidate(Key(id)); }

}  // namespace finalmile::catalog::assets
