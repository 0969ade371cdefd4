#include "services/catalog/assets/retag.h"

#include <map>

#include "libs/base/status.h"
#include "libs/storage/columns.h"
#include "libs/storage/table.h"
#include "services/catalog/assets/asset_proto.h"

namespace finalmile::catalog::assets {

absl::Status Retag(storage::Transaction& transaction, std::vector<domain::AssetId> ids) {
  static const auto& marks = *new storage::Table<store::AssetRow>(store::kAssets.Part({"tags_revision"}));
  ASSIGN_OR_RETURN(const storage::Deferred lock,
                   store::kAssets.DeferLock(transaction, storage::SortedUnique(std::move(ids))));
  RETURN_IF_ERROR(transaction.Settle());
  ASSIGN_OR_RETURN(std::vector<store::AssetRow> rows, store::kAssets.Records(*lock));
  std::erase_if(rows, [](const store::AssetRow& row) { return row.tags_revision == row.revision; });
  std::vector<store::VersionKey> keys;
  for (const store::AssetRow& row : rows) keys.emplace_back(row.id, store::ShownVersion(row.life));
  ASSIGN_OR_RETURN(const auto versions, store::ReadVersions(transaction, keys, /*bodies=*/true));
  std::map<domain::AssetId, std::vector<store::Tag>> tags;
  for (store::AssetRow& row : rows) {
    row.tags_revision = row.revision;
    const auto shown = versions.find({row.id, store::ShownVersion(row.life)});
    if (shown == versions.end()) return absl::DataLossError(domain::AssetName(row.id) + " lacks a version");
    ASSIGN_OR_RETURN(const v1::Asset content, ContentOf(shown->second));
    tags[row.id] = TagsOf(FromProto(content));
  }
  if (rows.empty()) return absl::OkStatus();
  RETURN_IF_ERROR(store::WriteTags(transaction, tags));
  return marks.Update(transaction, storage::Pointers(rows));
}

}  // namespace finalmile::catalog::assets
