#include "services/catalog/store/asset_store.h"

#include "libs/base/clock.h"
#include "libs/base/status.h"
#include "libs/storage/columns.h"

namespace finalmile::catalog::store {
namespace {

using storage::Bytes;
using storage::OptionalMicros;
using storage::TimeOr;

#define ASSET_COLUMNS                                                                              \
  "id, revision, seq, kind, state, title, owner, language, source, path, digest, latest_version, " \
  "latest_state, reviewer, published_version, shelf, publish_time, expire_time, review_time, "     \
  "review_due_told, review_overdue_told, due_time, create_time, update_time"

#define ASSET_ROWS                                                                                    \
  "{rows: id TEXT, revision BIGINT, seq BIGINT, kind BIGINT, state BIGINT, title TEXT, owner TEXT, "  \
  "language TEXT, source TEXT, path TEXT, digest BYTES, latest_version BIGINT, latest_state BIGINT, " \
  "reviewer TEXT, published_version BIGINT, shelf BIGINT, publish_time BIGINT, expire_time BIGINT, "  \
  "review_time BIGINT, review_due_told BOOLEAN, review_overdue_told BOOLEAN, due_time BIGINT, "       \
  "create_time BIGINT, update_time BIGINT}"

storage::Row ToRow(const AssetRow& asset) {
  const domain::Life& life = asset.life;
  return storage::Row({asset.id,
                       asset.revision,
                       asset.seq,
                       asset.kind,
                       static_cast<int64_t>(domain::StateOf(life, ShownVersion(life))),
                       asset.title,
                       asset.owner,
                       asset.language,
                       asset.source,
                       asset.path,
                       Bytes{asset.digest},
                       life.latest_version,
                       static_cast<int64_t>(life.latest),
                       life.reviewer,
                       life.published_version,
                       static_cast<int64_t>(life.shelf),
                       OptionalMicros(life.publish_time),
                       OptionalMicros(life.expire_time),
                       OptionalMicros(life.review_time),
                       life.review_due_told,
                       life.review_overdue_told,
                       OptionalMicros(domain::NextDue(life)),
                       ToMicros(asset.create_time),
                       ToMicros(asset.update_time)});
}

AssetRow FromRow(const storage::Row& row) {
  AssetRow asset;
  asset.id = row.Text(0);
  asset.revision = row.Int(1);
  asset.seq = row.Int(2);
  asset.kind = row.Int(3);
  asset.title = row.Text(5);
  asset.owner = row.Text(6);
  asset.language = row.Text(7);
  asset.source = row.Text(8);
  asset.path = row.Text(9);
  asset.digest = row.Blob(10);
  domain::Life& life = asset.life;
  life.latest_version = row.Int(11);
  life.latest = static_cast<domain::AssetState>(row.Int(12));
  life.reviewer = row.Text(13);
  life.published_version = row.Int(14);
  life.shelf = static_cast<domain::AssetState>(row.Int(15));
  life.publish_time = TimeOr(row, 16, absl::InfinitePast());
  life.expire_time = TimeOr(row, 17, absl::InfiniteFuture());
  life.review_time = TimeOr(row, 18, absl::InfiniteFuture());
  life.review_due_told = row.Bool(19);
  life.review_overdue_told = row.Bool(20);
  asset.create_time = FromMicros(row.Int(22));
  asset.update_time = FromMicros(row.Int(23));
  return asset;
}

absl::StatusOr<std::vector<AssetRow>> Assets(absl::StatusOr<storage::Result> result) {
  if (!result.ok()) return result.status();
  std::vector<AssetRow> assets;
  assets.reserve(result->rows.size());
  for (const storage::Row& row : result->rows) assets.push_back(FromRow(row));
  return assets;
}

std::vector<storage::Row> ToRows(const std::vector<const AssetRow*>& assets) {
  std::vector<storage::Row> rows;
  rows.reserve(assets.size());
  for (const AssetRow* asset : assets) rows.push_back(ToRow(*asset));
  return rows;
}

}  // namespace

int64_t ShownVersion(const domain::Life& life) {
  return life.published_version != 0 ? life.published_version : life.latest_version;
}

absl::StatusOr<std::vector<AssetRow>> LockAssets(storage::Transaction& transaction,
                                                 const std::vector<std::string>& ids) {
  return Assets(transaction.ExecuteMany(
      "SELECT " ASSET_COLUMNS
      " FROM assets WHERE id IN (SELECT r.asset FROM {rows: asset TEXT} AS r) ORDER BY id {for_update}",
      storage::IdRows(ids)));
}

absl::StatusOr<std::vector<AssetRow>> ReadAssets(storage::Transaction& transaction,
                                                 const std::vector<std::string>& ids) {
  return Assets(transaction.ExecuteMany(
      "SELECT " ASSET_COLUMNS " FROM assets WHERE id IN (SELECT r.asset FROM {rows: asset TEXT} AS r)",
      storage::IdRows(ids)));
}

absl::Status InsertAssets(storage::Transaction& transaction, const std::vector<const AssetRow*>& assets) {
  // Awaited: the caller tells ALREADY_EXISTS from other errors.
  return transaction
      .ExecuteMany("INSERT INTO assets (" ASSET_COLUMNS ") SELECT " ASSET_COLUMNS " FROM " ASSET_ROWS " AS r",
                   ToRows(assets))
      .status();
}

absl::Status UpdateAssets(storage::Transaction& transaction, const std::vector<const AssetRow*>& assets) {
  return transaction
      .DeferMany(
          "UPDATE assets SET revision = r.revision, seq = r.seq, kind = r.kind, state = r.state, title = "
          "r.title, "
          "owner = r.owner, language = r.language, digest = r.digest, latest_version = r.latest_version, "
          "latest_state = r.latest_state, reviewer = r.reviewer, published_version = r.published_version, "
          "shelf = r.shelf, publish_time = r.publish_time, expire_time = r.expire_time, "
          "review_time = r.review_time, review_due_told = r.review_due_told, "
          "review_overdue_told = r.review_overdue_told, due_time = r.due_time, update_time = r.update_time "
          "FROM " ASSET_ROWS " AS r WHERE assets.id = r.id",
          ToRows(assets))
      .status();
}

absl::StatusOr<std::vector<std::string>> DueAssets(storage::Transaction& transaction, absl::Time now,
                                                   int limit) {
  ASSIGN_OR_RETURN(storage::Result result,
                   transaction.Execute("SELECT id FROM assets WHERE due_time IS NOT NULL AND due_time <= $1 "
                                       "ORDER BY due_time, id LIMIT $2",
                                       {ToMicros(now), int64_t{limit}}));
  std::vector<std::string> ids;
  for (const storage::Row& row : result.rows) ids.push_back(row.Text(0));
  return ids;
}

absl::StatusOr<absl::Time> NextDueTime(storage::Transaction& transaction) {
  ASSIGN_OR_RETURN(storage::Result result,
                   transaction.Execute("SELECT MIN(due_time) FROM assets WHERE due_time IS NOT NULL"));
  return TimeOr(result.rows[0], 0, absl::InfiniteFuture());
}

absl::StatusOr<std::string> EnsureSecret(storage::Transaction& transaction, std::string_view name,
                                         std::string_view fresh, absl::Time now) {
  RETURN_IF_ERROR(transaction
                      .Execute("INSERT INTO signing_keys (name, secret, create_time) VALUES ($1, $2, $3) "
                               "ON CONFLICT (name) DO NOTHING",
                               {std::string(name), Bytes{std::string(fresh)}, ToMicros(now)})
                      .status());
  ASSIGN_OR_RETURN(
      storage::Result result,
      transaction.Execute("SELECT secret FROM signing_keys WHERE name = $1", {std::string(name)}));
  if (result.rows.empty()) return storage::Conflict("the key was made meanwhile");
  return result.rows[0].Blob(0);
}

}  // namespace finalmile::catalog::store
