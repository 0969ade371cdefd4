#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/storage/condition.h"
#include "libs/storage/database.h"
#include "libs/storage/table.h"
#include "services/catalog/domain/asset_id.h"
#include "services/catalog/domain/life.h"

namespace finalmile::catalog::store {

// The row of an asset. Enums are stored as their proto numbers.
struct AssetRow {
  domain::AssetId id;
  // Grows with every change of the asset; its etag.
  int64_t revision = 0;
  // The seq of the last event with this asset as key.
  int64_t seq = 0;
  int64_t kind = 0;
  // Filters read these of the version that is shown (ShownVersion).
  std::string title;
  std::string owner;
  std::string language;
  // Up to which revision asset_tags has its tags by the rules of today; less than `revision`: an older
  // program wrote them.
  int64_t tags_revision = 0;
  // Where an import found it; empty: it was not imported.
  std::string source;
  std::string path;
  // Digest of the page it was imported from and of what else decided about its content.
  std::string digest;
  domain::Life life;
  // Why it was retired, or its newest version sent back; empty once it has gone on.
  std::string reason;
  absl::Time create_time = absl::UnixEpoch();
  absl::Time update_time = absl::UnixEpoch();
};

// The version that reps are given, or the newest where none was ever published.
int64_t ShownVersion(const domain::Life& life);

// Their table: locks, inserts and updates.
extern const storage::Table<AssetRow> kAssets;
// Rows without locks, in any order; absent ones are left out.
absl::StatusOr<std::vector<AssetRow>> ReadAssets(storage::Transaction& transaction,
                                                 const std::vector<domain::AssetId>& ids);

// What tells one state of a row from every other: a revision may come again where a store was restored to an
// earlier moment.
struct LastChange {
  int64_t revision = 0;
  absl::Time time;

  friend bool operator==(const LastChange&, const LastChange&) = default;
};
// The last changes of the rows that exist.
absl::StatusOr<std::map<domain::AssetId, LastChange>> ReadLastChanges(
    storage::Transaction& transaction, const std::vector<domain::AssetId>& ids);

// (field, value).
using Tag = std::pair<std::string, std::string>;
// Replaces the tags of these assets; those of one asset differ as domain::FoldTag compares them.
absl::Status WriteTags(storage::Transaction& transaction,
                       const std::map<domain::AssetId, std::vector<Tag>>& tags);

// Over assets AS a.
using storage::Condition;
// `condition` and that reps may read the version that is shown, as domain::RepsMayRead says.
Condition ReadByReps(Condition condition, absl::Time now);
// Ids of assets that meet `condition`, after `after` in order of id.
absl::StatusOr<std::vector<domain::AssetId>> ListAssets(storage::Transaction& transaction,
                                                        const Condition& condition,
                                                        const domain::AssetId& after, int limit);

// The moment of a sale that a published asset is to fit.
struct Moment {
  // Each field once.
  std::vector<Tag> tags;
  // Empty: any.
  std::vector<int64_t> kinds;
  std::string language;
};
struct Fitting {
  domain::AssetId id;
  // Its published version.
  int64_t version = 0;
  // How many of the moment's tags it has.
  int64_t tags = 0;
};
// Assets that reps are given at `now` and that, of each field of the moment, have its value or none: those
// with most of the tags first, then by id. Reads every published asset.
absl::StatusOr<std::vector<Fitting>> FittingAssets(storage::Transaction& transaction, const Moment& moment,
                                                   absl::Time now, int limit);

// Assets of an import's source that are not retired, after `after` in order of id: (id, path).
absl::StatusOr<std::vector<std::pair<domain::AssetId, std::string>>> AssetsOfSource(
    storage::Transaction& transaction, std::string_view source, const domain::AssetId& after, int limit);

// What an import made assets of.
struct SourcePage {
  domain::AssetId id;
  std::string path;
  std::string digest;
};
// The pages of all assets of a source, retired ones too, after `after` in order of id.
absl::StatusOr<std::vector<SourcePage>> PagesOfSource(storage::Transaction& transaction,
                                                      std::string_view source, const domain::AssetId& after,
                                                      int limit);

}  // namespace finalmile::catalog::store
