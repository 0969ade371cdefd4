#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/storage/condition.h"
#include "libs/storage/database.h"
#include "services/catalog/domain/asset_id.h"
#include "services/catalog/store/version_key.h"
#include "services/catalog/usage/domain/lead.h"
#include "services/catalog/usage/domain/shelf.h"

namespace finalmile::catalog::usage::store {

using catalog::store::VersionKey;

// A use. `gap` is an id; enums are stored as their proto numbers.
struct UseRow {
  std::string id;
  // Empty: the message is like no asset.
  catalog::domain::AssetId asset;
  int64_t version = 0;
  int64_t match = 0;
  double similarity = 0;
  std::vector<domain::Misuse> misuses;
  // Empty where an asset was found.
  std::string gap;
  std::string rep;
  domain::LeadName lead;
  std::string channel;
  std::string grade;
  std::string stage;
  std::string situation;
  // A digest of the message's id; empty: the message is not known by one.
  std::string message;
  absl::Time use_time = absl::UnixEpoch();
};
// The use that this message to this lead is; absent: it was not reported yet. The lead is locked.
absl::StatusOr<std::optional<UseRow>> FindMessage(storage::Transaction& transaction,
                                                  const domain::LeadName& lead, const std::string& message);
absl::Status InsertUse(storage::Transaction& transaction, const UseRow& use);

// Where a list of uses, newest first, goes on: uses before it.
struct UsePosition {
  absl::Time use_time = absl::InfiniteFuture();
  std::string id;
};
// Misuses that meet `condition` (over uses AS u), newest first.
absl::StatusOr<std::vector<UseRow>> ListMisuses(storage::Transaction& transaction,
                                                const storage::Condition& condition,
                                                const UsePosition& before, int limit);

// Whether any message or call was recorded in (from, to], with an asset or without.
absl::StatusOr<bool> AnyUse(storage::Transaction& transaction, absl::Time from, absl::Time to);
// Uses of these assets in (from, to]; assets without any are left out.
absl::StatusOr<std::map<catalog::domain::AssetId, domain::ShelfItem>> CountUses(
    storage::Transaction& transaction, const std::vector<catalog::domain::AssetId>& assets, absl::Time from,
    absl::Time to);

// Counts of a version, or what is added to them.
struct Figures {
  int64_t offered = 0;
  int64_t used = 0;
  int64_t viewed = 0;
  double viewed_seconds = 0;
  // InfinitePast: never.
  absl::Time last_use_time = absl::InfinitePast();
};
// Adds, with the later of the last uses.
absl::Status AddFigures(storage::Transaction& transaction, const std::map<VersionKey, Figures>& figures);
absl::StatusOr<std::map<VersionKey, Figures>> ReadFigures(storage::Transaction& transaction,
                                                          const std::vector<VersionKey>& keys);
// The sums over all versions, of the `limit` assets that were used most, then offered most; by asset.
absl::StatusOr<std::map<catalog::domain::AssetId, Figures>> MostUsed(storage::Transaction& transaction,
                                                                     int limit);
// When each of these assets was last used, at any version; those never used are left out.
absl::StatusOr<std::map<catalog::domain::AssetId, absl::Time>> LastUses(
    storage::Transaction& transaction, const std::vector<catalog::domain::AssetId>& assets);

// Somebody's rating replaces the one before; false: it was the same.
absl::StatusOr<bool> Rate(storage::Transaction& transaction, const VersionKey& key, std::string_view rater,
                          int64_t rating, absl::Time now);
struct Rating {
  int64_t sum = 0;
  int64_t count = 0;
};
absl::StatusOr<std::map<VersionKey, Rating>> ReadRatings(storage::Transaction& transaction,
                                                         const std::vector<VersionKey>& keys);
// The ratings of all versions of these assets, by asset.
absl::StatusOr<std::map<catalog::domain::AssetId, Rating>> ReadAssetRatings(
    storage::Transaction& transaction, const std::vector<catalog::domain::AssetId>& assets);

}  // namespace finalmile::catalog::usage::store
