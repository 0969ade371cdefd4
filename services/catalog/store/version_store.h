#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/storage/database.h"
#include "libs/storage/table.h"
#include "services/catalog/domain/asset_id.h"
#include "services/catalog/store/version_key.h"

namespace finalmile::catalog::store {

// A version. `head` and `body` are opaque here: the content without and with only its long texts.
struct VersionRow {
  domain::AssetId asset;
  int64_t version = 0;
  std::string head;
  std::string body;
  std::string reviewer;
  absl::Time create_time = absl::UnixEpoch();
};

absl::Status InsertVersions(storage::Transaction& transaction, const std::vector<VersionRow>& versions);
// Writes the reviewers of versions that exist; other fields than the key and the reviewer are not read.
absl::Status SetReviewers(storage::Transaction& transaction, const std::vector<VersionRow>& versions);
// Versions that exist; without `bodies`, body is empty.
absl::StatusOr<std::map<VersionKey, VersionRow>> ReadVersions(storage::Transaction& transaction,
                                                              const std::vector<VersionKey>& keys,
                                                              bool bodies);
// Versions of an asset below `before`, newest first, without bodies.
absl::StatusOr<std::vector<VersionRow>> ListVersions(storage::Transaction& transaction,
                                                     const domain::AssetId& asset, int64_t before, int limit);

}  // namespace finalmile::catalog::store
