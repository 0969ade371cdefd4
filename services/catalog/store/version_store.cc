#include <fmt/format.h>

#include "libs/base/clock.h"
#include "libs/base/status.h"
#include "libs/storage/columns.h"
#include "services/catalog/store/asset_store.h"
#include "services/catalog/store/version_key.h"

namespace finalmile::catalog::store {
namespace {

using storage::Bytes;

VersionRow FromRow(const storage::Row& row) {
  VersionRow version;
  version.asset = row.Text(0);
  version.version = row.Int(1);
  version.head = row.Blob(2);
  version.reviewer = row.Text(3);
  version.create_time = FromMicros(row.Int(4));
  return version;
}

}  // namespace

absl::Status InsertVersions(storage::Transaction& transaction, const std::vector<VersionRow>& versions) {
  std::vector<storage::Row> rows;
  for (const VersionRow& version : versions) {
    rows.push_back(storage::Row({version.asset, version.version, Bytes{version.head}, Bytes{version.body},
                                 version.reviewer, ToMicros(version.create_time)}));
  }
  return transaction
      .DeferMany(
          "INSERT INTO asset_versions (asset, version, head, body, reviewer, create_time) "
          "SELECT asset, version, head, body, reviewer, create_time FROM {rows: asset TEXT, version BIGINT, "
          "head BYTES, body BYTES, reviewer TEXT, create_time BIGINT} AS r",
          rows)
      .status();
}

absl::Status SetReviewers(storage::Transaction& transaction,
                          const std::vector<std::pair<VersionKey, std::string>>& reviewers) {
  std::vector<storage::Row> rows;
  for (const auto& [key, reviewer] : reviewers)
    rows.push_back(storage::Row({key.first, key.second, reviewer}));
  return transaction
      .DeferMany(
          "UPDATE asset_versions SET reviewer = r.reviewer FROM {rows: asset TEXT, version BIGINT, "
          "reviewer TEXT} AS r "
          "WHERE asset_versions.asset = r.asset AND asset_versions.version = r.version",
          rows)
      .status();
}

absl::StatusOr<std::map<VersionKey, VersionRow>> ReadVersions(storage::Transaction& transaction,
                                                              const std::vector<VersionKey>& keys,
                                                              bool bodies) {
  ASSIGN_OR_RETURN(storage::Result result,
                   transaction.ExecuteMany(
                       fmt::format("SELECT v.asset, v.version, v.head, v.reviewer, v.create_time{} FROM "
                                   "{{rows: asset TEXT, version BIGINT}} AS r JOIN asset_versions AS v "
                                   "ON v.asset = r.asset AND v.version = r.version",
                                   bodies ? ", v.body" : ""),
                       KeyRows(keys)));
  std::map<VersionKey, VersionRow> versions;
  for (const storage::Row& row : result.rows) {
    VersionRow version = FromRow(row);
    if (bodies) version.body = row.Blob(5);
    versions.emplace(VersionKey{version.asset, version.version}, std::move(version));
  }
  return versions;
}

absl::StatusOr<std::vector<VersionRow>> ListVersions(storage::Transaction& transaction,
                                                     std::string_view asset, int64_t before, int limit) {
  ASSIGN_OR_RETURN(
      storage::Result result,
      transaction.Execute("SELECT asset, version, head, reviewer, create_time FROM asset_versions "
                          "WHERE asset = $1 AND version < $2 ORDER BY version DESC LIMIT $3",
                          {std::string(asset), before, int64_t{limit}}));
  std::vector<VersionRow> versions;
  for (const storage::Row& row : result.rows) versions.push_back(FromRow(row));
  return versions;
}

absl::Status WriteTags(storage::Transaction& transaction,
                       const std::map<std::string, std::vector<Tag>>& tags) {
  std::vector<std::string> assets;
  std::vector<storage::Row> rows;
  for (const auto& [asset, values] : tags) {
    assets.push_back(asset);
    for (const auto& [field, value] : values) rows.push_back(storage::Row({asset, field, value}));
  }
  RETURN_IF_ERROR(transaction
                      .DeferMany("DELETE FROM asset_tags WHERE asset IN (SELECT r.asset FROM {rows: asset "
                                 "TEXT} AS r)",
                                 storage::IdRows(assets))
                      .status());
  return transaction
      .DeferMany(
          "INSERT INTO asset_tags (asset, field, value) SELECT asset, field, value FROM "
          "{rows: asset TEXT, field TEXT, value TEXT} AS r",
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

absl::StatusOr<std::vector<std::string>> ListAssets(storage::Transaction& transaction,
                                                    const Condition& condition, std::string_view after,
                                                    int limit) {
  std::vector<storage::Value> values = condition.values;
  const size_t n = values.size();
  values.emplace_back(std::string(after));
  values.emplace_back(int64_t{limit});
  ASSIGN_OR_RETURN(storage::Result result,
                   transaction.Execute(fmt::format("SELECT a.id FROM assets AS a WHERE {} AND a.id > ${} "
                                                   "ORDER BY a.id LIMIT ${}",
                                                   condition.sql, n + 1, n + 2),
                                       std::move(values)));
  std::vector<std::string> ids;
  for (const storage::Row& row : result.rows) ids.push_back(row.Text(0));
  return ids;
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
    const std::string has = fmt::format("EXISTS ({} {} AND t.value = {})", kTagsOf, name, bind(value));
    count += fmt::format(" + CASE WHEN {} THEN 1 ELSE 0 END", has);
    where += fmt::format(" AND ({} OR NOT EXISTS ({} {}))", has, kTagsOf, name);
  }
  if (!moment.language.empty()) where += fmt::format(" AND a.language = {}", bind(moment.language));
  if (!moment.kinds.empty()) {
    std::string kinds;
    for (const int64_t kind : moment.kinds) kinds += (kinds.empty() ? "" : ", ") + bind(kind);
    where += fmt::format(" AND a.kind IN ({})", kinds);
  }
  const std::string sql = fmt::format(
      "SELECT f.id, f.version, f.tags FROM (SELECT a.id AS id, a.published_version AS version, "
      "CAST({} AS BIGINT) AS tags FROM assets AS a "
      "WHERE {}) AS f ORDER BY f.tags DESC, f.id LIMIT {}",
      count, where, bind(int64_t{limit}));
  ASSIGN_OR_RETURN(storage::Result result, transaction.Execute(sql, std::move(values)));
  std::vector<Fitting> fitting;
  for (const storage::Row& row : result.rows) fitting.push_back({row.Text(0), row.Int(1), row.Int(2)});
  return fitting;
}

absl::StatusOr<std::vector<std::pair<std::string, std::string>>> AssetsOfSource(
    storage::Transaction& transaction, std::string_view source, std::string_view after, int limit) {
  ASSIGN_OR_RETURN(
      storage::Result result,
      transaction.Execute("SELECT id, path FROM assets WHERE source = $1 AND source <> '' AND shelf <> $2 "
                          "AND id > $3 ORDER BY id LIMIT $4",
                          {std::string(source), static_cast<int64_t>(domain::AssetState::kRetired),
                           std::string(after), int64_t{limit}}));
  std::vector<std::pair<std::string, std::string>> assets;
  for (const storage::Row& row : result.rows) assets.emplace_back(row.Text(0), row.Text(1));
  return assets;
}

}  // namespace finalmile::catalog::store
