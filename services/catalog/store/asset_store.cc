#include "services/catalog/store/asset_store.h"

#include <fmt/format.h>

#include "libs/base/clock.h"
#include "libs/base/status.h"
#include "libs/storage/columns.h"
#include "libs/storage/table.h"
#include "services/catalog/domain/tags.h"

namespace finalmile::catalog::store {

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
     {"tags_revision", &AssetRow::tags_revision},
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
     {"review_due_told", storage::In(&AssetRow::life, &domain::Life::review_due_emitted)},
     {"review_overdue_told", storage::In(&AssetRow::life, &domain::Life::review_overdue_emitted)},
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
                                                 const std::vector<domain::AssetId>& ids) {
  ASSIGN_OR_RETURN(const storage::Deferred read, kAssets.DeferRead(transaction, ids));
  RETURN_IF_ERROR(transaction.Settle());
  return kAssets.Records(*read);
}

absl::StatusOr<std::map<domain::AssetId, LastChange>> ReadLastChanges(
    storage::Transaction& transaction, const std::vector<domain::AssetId>& ids) {
  static const storage::Table<AssetRow> kLastChanges = kAssets.Part({"revision", "update_time"});
  ASSIGN_OR_RETURN(const storage::Deferred read, kLastChanges.DeferRead(transaction, ids));
  RETURN_IF_ERROR(transaction.Settle());
  ASSIGN_OR_RETURN(const std::vector<AssetRow> rows, kLastChanges.Records(*read));
  std::map<domain::AssetId, LastChange> changes;
  for (const AssetRow& row : rows) changes[row.id] = {row.revision, row.update_time};
  return changes;
}

absl::Status WriteTags(storage::Transaction& transaction,
                       const std::map<domain::AssetId, std::vector<Tag>>& tags) {
  std::vector<domain::AssetId> assets;
  std::vector<storage::Row> rows;
  for (const auto& [asset, values] : tags) {
    assets.push_back(asset);
    for (const auto& [field, value] : values)
      rows.push_back(storage::Row({asset.text(), field, value, domain::FoldTag(value)}));
  }
  RETURN_IF_ERROR(transaction
                      .DeferMany(R"sql(
DELETE FROM asset_tags
WHERE asset IN (SELECT r.asset FROM {rows: asset TEXT} AS r))sql",
                                 storage::IdRows(assets))
                      .status());
  return transaction
      .DeferMany(R"sql(
INSERT INTO asset_tags (asset, field, value, folded)
SELECT r.* FROM {rows: asset TEXT, field TEXT, value TEXT, folded TEXT} AS r)sql",
                 rows)
      .status();
}

Condition ReadByReps(Condition condition, absl::Time now) {
  condition.values.emplace_back(ToMicros(now));
  condition.sql =
      fmt::format("({} AND (a.state = {} OR (a.published_version <> 0 AND a.publish_time <= ${})))",
                  condition.sql, static_cast<int>(domain::AssetState::kInReview), condition.values.size());
  return condition;
}

absl::StatusOr<std::vector<domain::AssetId>> ListAssets(storage::Transaction& transaction,
                                                        const Condition& condition,
                                                        const domain::AssetId& after, int limit) {
  std::vector<storage::Value> values = condition.values;
  const size_t n = values.size();
  values.emplace_back(after.text());
  values.emplace_back(int64_t{limit});
  return storage::FirstTexts<domain::AssetId>(transaction.Execute(fmt::format(R"sql(
SELECT a.id FROM assets AS a
WHERE {} AND a.id > ${}
ORDER BY a.id
LIMIT ${})sql",
                                                                              condition.sql, n + 1, n + 2),
                                                                  std::move(values)));
}

absl::StatusOr<std::vector<Fitting>> FittingAssets(storage::Transaction& transaction, const Moment& moment,
                                                   absl::Time now, int limit) {
  std::vector<storage::Value> values;
  auto bind = [&](storage::Value value) {
    values.push_back(std::move(value));
    return fmt::format("${}", values.size());
  };
  constexpr std::string_view kTagsOf = "SELECT 1 FROM asset_tags AS t WHERE t.asset = a.id AND t.field =";
  std::string count = "0";
  std::string where = fmt::format("a.shelf = {}", static_cast<int>(domain::AssetState::kPublished));
  const std::string time = bind(ToMicros(now));
  where += fmt::format(" AND a.publish_time <= {0} AND (a.expire_time IS NULL OR a.expire_time > {0})", time);
  for (const auto& [field, value] : moment.tags) {
    const std::string name = bind(field);
    const std::string has =
        fmt::format("EXISTS ({} {} AND t.folded = {})", kTagsOf, name, bind(domain::FoldTag(value)));
    count += fmt::format(" + CASE WHEN {} THEN 1 ELSE 0 END", has);
    where += fmt::format(" AND ({} OR NOT EXISTS ({} {}))", has, kTagsOf, name);
  }
  if (!moment.language.empty()) where += fmt::format(" AND a.language = {}", bind(moment.language));
  if (!moment.kinds.empty()) {
    std::string kinds;
    for (const int64_t kind : moment.kinds) kinds += (kinds.empty() ? "" : ", ") + bind(kind);
    where += fmt::format(" AND a.kind IN ({})", kinds);
  }
  const std::string sql = fmt::format(R"sql(
SELECT f.id, f.version, f.tags FROM (
  SELECT a.id AS id, a.published_version AS version, CAST({} AS BIGINT) AS tags
  FROM assets AS a
  WHERE {}) AS f
ORDER BY f.tags DESC, f.id
LIMIT {})sql",
                                      count, where, bind(int64_t{limit}));
  ASSIGN_OR_RETURN(storage::Result result, transaction.Execute(sql, std::move(values)));
  std::vector<Fitting> fitting;
  for (const storage::Row& row : result.rows)
    fitting.push_back({domain::AssetId(row.Text(0)), row.Int(1), row.Int(2)});
  return fitting;
}

absl::StatusOr<std::vector<std::pair<domain::AssetId, std::string>>> AssetsOfSource(
    storage::Transaction& transaction, std::string_view source, const domain::AssetId& after, int limit) {
  ASSIGN_OR_RETURN(
      storage::Result result,
      transaction.Execute(R"sql(
SELECT id, path FROM assets
WHERE source = $1 AND source <> '' AND shelf <> $2 AND id > $3
ORDER BY id
LIMIT $4)sql",
                          {std::string(source), static_cast<int64_t>(domain::AssetState::kRetired),
                           after.text(), int64_t{limit}}));
  std::vector<std::pair<domain::AssetId, std::string>> assets;
  for (const storage::Row& row : result.rows) assets.emplace_back(row.Text(0), row.Text(1));
  return assets;
}

absl::StatusOr<std::vector<SourcePage>> PagesOfSource(storage::Transaction& transaction,
                                                      std::string_view source, const domain::AssetId& after,
                                                      int limit) {
  ASSIGN_OR_RETURN(storage::Result result,
                   transaction.Execute(R"sql(
SELECT id, path, digest FROM assets
WHERE source = $1 AND source <> '' AND id > $2
ORDER BY id
LIMIT $3)sql",
                                       {std::string(source), after.text(), int64_t{limit}}));
  std::vector<SourcePage> pages;
  for (const storage::Row& row : result.rows)
    pages.push_back({domain::AssetId(row.Text(0)), row.Text(1), row.Blob(2)});
  return pages;
}

}  // namespace finalmile::catalog::store
