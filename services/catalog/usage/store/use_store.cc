#include "services/catalog/usage/store/use_store.h"

#include <fmt/format.h>

#include <array>

#include "libs/base/clock.h"
#include "libs/base/status.h"
#include "libs/storage/columns.h"
#include "libs/storage/table.h"

namespace finalmile::catalog::usage::store {

using catalog::domain::AssetId;

namespace {

constexpr int kMisuseKinds = 6;

// One bit for each reason, by its number.
int64_t ToBits(const std::vector<domain::Misuse>& misuses) {
  int64_t bits = 0;
  for (const domain::Misuse misuse : misuses) bits |= int64_t{1} << static_cast<int>(misuse);
  return bits;
}

std::vector<domain::Misuse> FromBits(int64_t bits) {
  std::vector<domain::Misuse> misuses;
  for (int i = 1; i <= kMisuseKinds; ++i) {
    if ((bits >> i & 1) != 0) misuses.push_back(static_cast<domain::Misuse>(i));
  }
  return misuses;
}

const storage::Table<UseRow> kUses(
    "uses", {"id"},
    {{"id", &UseRow::id},
     {"asset", &UseRow::asset},
     {"version", &UseRow::version},
     {"found", &UseRow::match},
     {"similarity", &UseRow::similarity},
     {"misuses", "BIGINT", [](const UseRow& use) -> storage::Value { return ToBits(use.misuses); },
      [](const storage::Row& row, size_t column, UseRow& use) {
        use.misuses = FromBits(row.Int(column));
        return absl::OkStatus();
      }},
     {"gap", &UseRow::gap},
     {"rep", &UseRow::rep},
     {"lead", &UseRow::lead},
     {"channel", &UseRow::channel},
     {"grade", &UseRow::grade},
     {"stage", &UseRow::stage},
     {"situation", &UseRow::situation},
     {"message", &UseRow::message},
     {"use_time", &UseRow::use_time},
     // The release before's.
     {"chain", "TEXT", [](const UseRow&) -> storage::Value { return std::string(); }},
     {"matured", "BOOLEAN", [](const UseRow&) -> storage::Value { return false; }}});

}  // namespace

absl::Status InsertUse(storage::Transaction& transaction, const UseRow& use) {
  return kUses.Insert(transaction, std::array{&use});
}

absl::StatusOr<std::optional<UseRow>> FindMessage(storage::Transaction& transaction,
                                                  const domain::LeadName& lead, const std::string& message) {
  ASSIGN_OR_RETURN(const storage::Result result,
                   transaction.Execute(kUses.select() + " WHERE lead = $1 AND message = $2 AND message <> ''",
                                       {lead.text(), message}));
  ASSIGN_OR_RETURN(const std::vector<UseRow> uses, kUses.Records(result));
  if (uses.empty()) return std::nullopt;
  return uses[0];
}

absl::StatusOr<bool> AnyUse(storage::Transaction& transaction, absl::Time from, absl::Time to) {
  ASSIGN_OR_RETURN(const storage::Result result,
                   transaction.Execute("SELECT id FROM uses WHERE use_time > $1 AND use_time <= $2 LIMIT 1",
                                       {ToMicros(from), ToMicros(to)}));
  return !result.rows.empty();
}

absl::StatusOr<std::vector<UseRow>> ListMisuses(storage::Transaction& transaction,
                                                const storage::Condition& condition,
                                                const UsePosition& before, int limit) {
  std::vector<storage::Value> values = condition.values;
  const auto bind = [&](auto value) {
    values.emplace_back(std::move(value));
    return fmt::format("${}", values.size());
  };
  std::string sql = fmt::format("{} AS u WHERE u.misuses <> 0 AND {}", kUses.select(), condition.sql);
  if (before.use_time != absl::InfiniteFuture()) {
    const std::string time = bind(ToMicros(before.use_time));
    // The first comparison is what the index is entered by.
    sql += fmt::format(" AND u.use_time <= {0} AND (u.use_time < {0} OR u.id < {1})", time, bind(before.id));
  }
  sql += fmt::format(" ORDER BY u.use_time DESC, u.id DESC LIMIT {}", bind(int64_t{limit}));
  ASSIGN_OR_RETURN(storage::Result result, transaction.Execute(sql, std::move(values)));
  return kUses.Records(result);
}

absl::StatusOr<std::map<AssetId, domain::ShelfItem>> CountUses(storage::Transaction& transaction,
                                                               const std::vector<AssetId>& assets,
                                                               absl::Time from, absl::Time to) {
  std::vector<storage::Row> rows;
  rows.reserve(assets.size());
  for (const AssetId& asset : assets)
    rows.push_back(storage::Row({asset.text(), ToMicros(from), ToMicros(to)}));
  ASSIGN_OR_RETURN(storage::Result result, transaction.ExecuteMany(R"sql(
SELECT u.asset, COUNT(*), CAST(SUM(CASE WHEN u.misuses <> 0 THEN 1 ELSE 0 END) AS BIGINT)
FROM {rows: asset TEXT, since BIGINT, until BIGINT} AS r
JOIN uses AS u
  ON u.asset = r.asset AND u.asset <> '' AND u.use_time > r.since AND u.use_time <= r.until
GROUP BY u.asset)sql",
                                                                   rows));
  std::map<AssetId, domain::ShelfItem> counts;
  for (const storage::Row& row : result.rows) counts[AssetId(row.Text(0))] = {row.Int(1), row.Int(2)};
  return counts;
}

absl::Status AddFigures(storage::Transaction& transaction, const std::map<VersionKey, Figures>& figures) {
  std::vector<storage::Row> rows;
  rows.reserve(figures.size());
  for (const auto& [key, add] : figures) {
    // 0 is before every use.
    const int64_t last = add.last_use_time == absl::InfinitePast() ? 0 : ToMicros(add.last_use_time);
    rows.push_back(storage::Row(
        {key.first.text(), key.second, add.offered, add.used, add.viewed, add.viewed_seconds, last}));
  }
  return transaction
      .DeferMany(R"sql(
INSERT INTO version_figures AS f (asset, version, offered, used, viewed, viewed_seconds, last_use_time)
SELECT r.* FROM {rows: asset TEXT, version BIGINT, offered BIGINT, used BIGINT, viewed BIGINT,
                       viewed_seconds DOUBLE, last_use_time BIGINT} AS r
WHERE TRUE
ON CONFLICT (asset, version) DO UPDATE SET
  offered = f.offered + excluded.offered,
  used = f.used + excluded.used,
  viewed = f.viewed + excluded.viewed,
  viewed_seconds = f.viewed_seconds + excluded.viewed_seconds,
  last_use_time = CASE WHEN f.last_use_time > excluded.last_use_time
                       THEN f.last_use_time ELSE excluded.last_use_time END)sql",
                 rows)
      .status();
}

absl::StatusOr<std::map<VersionKey, Figures>> ReadFigures(storage::Transaction& transaction,
                                                          const std::vector<VersionKey>& keys) {
  const std::string sql = std::string(R"sql(
SELECT asset, version, offered, used, viewed, viewed_seconds, last_use_time
FROM version_figures)sql") +
                          catalog::store::kJoinKeys;
  ASSIGN_OR_RETURN(const storage::Result result, transaction.ExecuteMany(sql, catalog::store::KeyRows(keys)));
  std::map<VersionKey, Figures> figures;
  for (const storage::Row& row : result.rows) {
    const absl::Time last = row.Int(6) == 0 ? absl::InfinitePast() : FromMicros(row.Int(6));
    figures[{AssetId(row.Text(0)), row.Int(1)}] = {row.Int(2), row.Int(3), row.Int(4), row.Real(5), last};
  }
  return figures;
}

absl::StatusOr<std::map<AssetId, Figures>> MostUsed(storage::Transaction& transaction, int limit) {
  ASSIGN_OR_RETURN(const storage::Result result, transaction.Execute(R"sql(
SELECT asset, CAST(SUM(offered) AS BIGINT), CAST(SUM(used) AS BIGINT), CAST(SUM(viewed) AS BIGINT),
       SUM(viewed_seconds), MAX(last_use_time)
FROM version_figures
GROUP BY asset
ORDER BY SUM(used) DESC, SUM(offered) DESC, asset
LIMIT $1)sql",
                                                                     {int64_t{limit}}));
  std::map<AssetId, Figures> figures;
  for (const storage::Row& row : result.rows) {
    const absl::Time last = row.Int(5) == 0 ? absl::InfinitePast() : FromMicros(row.Int(5));
    figures[AssetId(row.Text(0))] = {row.Int(1), row.Int(2), row.Int(3), row.Real(4), last};
  }
  return figures;
}

absl::StatusOr<std::map<AssetId, absl::Time>> LastUses(storage::Transaction& transaction,
                                                       const std::vector<AssetId>& assets) {
  ASSIGN_OR_RETURN(const storage::Result result, transaction.ExecuteMany(R"sql(
SELECT f.asset, MAX(f.last_use_time)
FROM {rows: asset TEXT} AS r
JOIN version_figures AS f ON f.asset = r.asset
WHERE f.last_use_time > 0
GROUP BY f.asset)sql",
                                                                         storage::IdRows(assets)));
  std::map<AssetId, absl::Time> times;
  for (const storage::Row& row : result.rows) times[AssetId(row.Text(0))] = FromMicros(row.Int(1));
  return times;
}

absl::StatusOr<bool> Rate(storage::Transaction& transaction, const VersionKey& key, std::string_view rater,
                          int64_t rating, absl::Time now) {
  ASSIGN_OR_RETURN(
      const storage::Result result,
      transaction.Execute(R"sql(
INSERT INTO ratings (asset, version, rater, rating, rate_time)
VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (asset, version, rater) DO UPDATE SET
  rating = excluded.rating, rate_time = excluded.rate_time
WHERE ratings.rating <> excluded.rating)sql",
                          {key.first.text(), key.second, std::string(rater), rating, ToMicros(now)}));
  return result.affected > 0;
}

absl::StatusOr<std::map<VersionKey, Rating>> ReadRatings(storage::Transaction& transaction,
                                                         const std::vector<VersionKey>& keys) {
  ASSIGN_OR_RETURN(const storage::Result result, transaction.ExecuteMany(R"sql(
SELECT t.asset, t.version, CAST(SUM(t.rating) AS BIGINT), COUNT(*)
FROM {rows: asset TEXT, version BIGINT} AS r
JOIN ratings AS t ON t.asset = r.asset AND t.version = r.version
GROUP BY t.asset, t.version)sql",
                                                                         catalog::store::KeyRows(keys)));
  std::map<VersionKey, Rating> ratings;
  for (const storage::Row& row : result.rows)
    ratings[{AssetId(row.Text(0)), row.Int(1)}] = {row.Int(2), row.Int(3)};
  return ratings;
}

absl::StatusOr<std::map<AssetId, Rating>> ReadAssetRatings(storage::Transaction& transaction,
                                                           const std::vector<AssetId>& assets) {
  ASSIGN_OR_RETURN(const storage::Result result, transaction.ExecuteMany(R"sql(
SELECT t.asset, CAST(SUM(t.rating) AS BIGINT), COUNT(*)
FROM {rows: asset TEXT} AS r
JOIN ratings AS t ON t.asset = r.asset
GROUP BY t.asset)sql",
                                                                         storage::IdRows(assets)));
  std::map<AssetId, Rating> ratings;
  for (const storage::Row& row : result.rows) ratings[AssetId(row.Text(0))] = {row.Int(1), row.Int(2)};
  return ratings;
}

}  // namespace finalmile::catalog::usage::store
