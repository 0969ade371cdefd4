#include "services/catalog/store/asset_store.h"

#include "libs/base/clock.h"
#include "libs/base/status.h"
#include "libs/storage/table.h"

namespace finalmile::catalog::store {

using storage::Bytes;
using storage::TimeOr;

const storage::Table<AssetRow> kAssets(
    "assets", {"id"},
    {{"id", &AssetRow::id},
     {"revision", &AssetRow::revision},
     {"seq", &AssetRow::seq},
     {"kind", &AssetRow::kind},
     // Filters read it.
     {"state", "BIGINT",
      [](const AssetRow& asset) -> storage::Value {
        return static_cast<int64_t>(domain::StateOf(asset.life, ShownVersion(asset.life)));
      }},
     {"title", &AssetRow::title},
     {"owner", &AssetRow::owner},
     {"language", &AssetRow::language},
     {"source", &AssetRow::source},
     {"path", &AssetRow::path},
     {"digest", storage::kAsBytes, &AssetRow::digest},
     {"latest_version", storage::In(&AssetRow::life, &domain::Life::latest_version)},
     {"latest_state", storage::In(&AssetRow::life, &domain::Life::latest)},
     {"reviewer", storage::In(&AssetRow::life, &domain::Life::reviewer)},
     {"published_version", storage::In(&AssetRow::life, &domain::Life::published_version)},
     {"shelf", storage::In(&AssetRow::life, &domain::Life::shelf)},
     {"publish_time", storage::In(&AssetRow::life, &domain::Life::publish_time), absl::InfinitePast()},
     {"expire_time", storage::In(&AssetRow::life, &domain::Life::expire_time), absl::InfiniteFuture()},
     {"review_time", storage::In(&AssetRow::life, &domain::Life::review_time), absl::InfiniteFuture()},
     {"review_due_told", storage::In(&AssetRow::life, &domain::Life::review_due_told)},
     {"review_overdue_told", storage::In(&AssetRow::life, &domain::Life::review_overdue_told)},
     // The due timer finds it by this.
     {"due_time", "BIGINT",
      [](const AssetRow& asset) { return storage::OptionalMicros(domain::NextDue(asset.life)); }},
     {"create_time", &AssetRow::create_time},
     {"update_time", &AssetRow::update_time},
     {"reason", &AssetRow::reason}});

int64_t ShownVersion(const domain::Life& life) {
  return life.published_version != 0 ? life.published_version : life.latest_version;
}

absl::StatusOr<std::vector<AssetRow>> ReadAssets(storage::Transaction& transaction,
                                                 const std::vector<std::string>& ids) {
  ASSIGN_OR_RETURN(const storage::Deferred read, kAssets.DeferRead(transaction, ids));
  RETURN_IF_ERROR(transaction.Settle());
  return kAssets.Records(*read);
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
