#include "services/catalog/usage/store/use_store.h"

#include <fmt/format.h>

#include "libs/base/clock.h"
#include "libs/base/status.h"
#include "libs/storage/columns.h"
#include "services/catalog/store/version_key.h"

namespace finalmile::catalog::usage::store {
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

}  // namespace

absl::Status InsertUse(storage::Transaction& transaction, const UseRow& use) {
  // A use without an asset has nothing that could mature.
  return transaction
      .Defer(
          "INSERT INTO uses (id, asset, version, found, similarity, misuses, gap, rep, lead, channel, grade, "
          "stage, situation, use_time, chain, matured) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, "
          "$12, $13, $14, '', FALSE)",
          {use.id, use.asset, use.version, use.match, use.similarity, ToBits(use.misuses), use.gap, use.rep,
           use.lead, use.channel, use.grade, use.stage, use.situation, ToMicros(use.use_time)})
      .status();
}

absl::StatusOr<std::vector<UseRow>> ListMisuses(storage::Transaction& transaction,
                                                const storage::Condition& condition,
                                                const UsePosition& before, int limit) {
  std::vector<storage::Value> values = condition.values;
  auto bind = [&](storage::Value value) {
    values.push_back(std::move(value));
    return fmt::format("${}", values.size());
  };
  std::string sql = fmt::format(
      "SELECT u.id, u.asset, u.version, u.found, u.similarity, u.misuses, u.gap, u.rep, u.lead, u.channel, "
      "u.grade, u.stage, u.situation, u.use_time FROM uses AS u WHERE u.misuses <> 0 AND {}",
      condition.sql);
  if (before.use_time != absl::InfiniteFuture()) {
    const std::string time = bind(ToMicros(before.use_time));
    // The first comparison is what the index is entered by.
    sql += fmt::format(" AND u.use_time <= {0} AND (u.use_time < {0} OR u.id < {1})", time, bind(before.id));
  }
  sql += fmt::format(" ORDER BY u.use_time DESC, u.id DESC LIMIT {}", bind(int64_t{limit}));
  ASSIGN_OR_RETURN(storage::Result result, transaction.Execute(sql, std::move(values)));
  std::vector<UseRow> uses;
  for (const storage::Row& row : result.rows) {
    uses.push_back({row.Text(0), row.Text(1), row.Int(2), row.Int(3), row.Real(4), FromBits(row.Int(5)),
                    row.Text(6), row.Text(7), row.Text(8), row.Text(9), row.Text(10), row.Text(11),
                    row.Text(12), FromMicros(row.Int(13))});
  }
  return uses;
}

absl::StatusOr<std::map<std::string, domain::ShelfItem>> CountUses(storage::Transaction& transaction,
                                                                   const std::vector<std::string>& assets,
                                                                   absl::Time from, absl::Time to) {
  std::vector<storage::Row> rows;
  rows.reserve(assets.size());
  for (const std::string& asset : assets) rows.push_back(storage::Row({asset, ToMicros(from), ToMicros(to)}));
  ASSIGN_OR_RETURN(
      storage::Result result,
      transaction.ExecuteMany(
          "SELECT u.asset, COUNT(*), CAST(SUM(CASE WHEN u.misuses <> 0 THEN 1 ELSE 0 END) AS BIGINT) FROM "
          "{rows: asset TEXT, since BIGINT, until BIGINT} AS r JOIN uses AS u ON u.asset = r.asset AND "
          "u.asset <> '' AND u.use_time > r.since AND u.use_time <= r.until GROUP BY u.asset",
          rows));
  std::map<std::string, domain::ShelfItem> counts;
  for (const storage::Row& row : result.rows) counts[row.Text(0)] = {row.Int(1), row.Int(2)};
  return counts;
}

absl::Status AddFigures(storage::Transaction& transaction, const std::map<VersionKey, Figures>& figures) {
  std::vector<storage::Row> rows;
  rows.reserve(figures.size());
  for (const auto& [key, add] : figures) {
    // 0 is before every use.
    const int64_t last = add.last_use_time == absl::InfinitePast() ? 0 : ToMicros(add.last_use_time);
    rows.push_back(
        storage::Row({key.first, key.second, add.offered, add.used, add.viewed, add.viewed_seconds, last}));
  }
  return transaction
      .DeferMany(
          "INSERT INTO version_figures (asset, version, offered, used, viewed, viewed_seconds, "
          "last_use_time) "
          "SELECT asset, version, offered, used, viewed, viewed_seconds, last_use_time FROM {rows: asset "
          "TEXT, version BIGINT, offered BIGINT, used BIGINT, viewed BIGINT, viewed_seconds DOUBLE, "
          "last_use_time BIGINT} AS r WHERE TRUE ON CONFLICT (asset, version) DO UPDATE SET "
          "offered = version_figures.offered + excluded.offered, used = version_figures.used + "
          "excluded.used, viewed = version_figures.viewed + excluded.viewed, viewed_seconds = "
          "version_figures.viewed_seconds + excluded.viewed_seconds, last_use_time = CASE WHEN "
          "version_figures.last_use_time > excluded.last_use_time THEN version_figures.last_use_time ELSE "
          "excluded.last_use_time END",
          rows)
      .status();
}

absl::StatusOr<std::map<VersionKey, Figures>> ReadFigures(storage::Transaction& transaction,
                                                          const std::vector<VersionKey>& keys) {
  ASSIGN_OR_RETURN(storage::Result result,
                   transaction.ExecuteMany(
                       "SELECT f.asset, f.version, f.offered, f.used, f.viewed, f.viewed_seconds, "
                       "f.last_use_time FROM {rows: asset TEXT, version BIGINT} AS r JOIN version_figures "
                       "AS f ON f.asset = r.asset AND f.version = r.version",
                       catalog::store::KeyRows(keys)));
  std::map<VersionKey, Figures> figures;
  for (const storage::Row& row : result.rows) {
    const absl::Time last = row.Int(6) == 0 ? absl::InfinitePast() : FromMicros(row.Int(6));
    figures[{row.Text(0), row.Int(1)}] = {row.Int(2), row.Int(3), row.Int(4), row.Real(5), last};
  }
  return figures;
}

absl::StatusOr<std::map<std::string, absl::Time>> LastUses(storage::Transaction& transaction,
                                                           const std::vector<std::string>& assets) {
  ASSIGN_OR_RETURN(
      storage::Result result,
      transaction.ExecuteMany("SELECT f.asset, MAX(f.last_use_time) FROM {rows: asset TEXT} AS r JOIN "
                              "version_figures AS f ON f.asset = r.asset WHERE f.last_use_time > 0 GROUP BY "
                              "f.asset",
                              storage::IdRows(assets)));
  std::map<std::string, absl::Time> times;
  for (const storage::Row& row : result.rows) times[row.Text(0)] = FromMicros(row.Int(1));
  return times;
}

absl::StatusOr<bool> Rate(storage::Transaction& transaction, const VersionKey& key, std::string_view rater,
                          int64_t rating, absl::Time now) {
  ASSIGN_OR_RETURN(
      storage::Result result,
      transaction.Execute(
          "INSERT INTO ratings (asset, version, rater, rating, rate_time) VALUES ($1, $2, $3, $4, $5) "
          "ON CONFLICT (asset, version, rater) DO UPDATE SET rating = excluded.rating, rate_time = "
          "excluded.rate_time WHERE ratings.rating <> excluded.rating",
          {key.first, key.second, std::string(rater), rating, ToMicros(now)}));
  return result.affected > 0;
}

absl::StatusOr<std::map<VersionKey, Rating>> ReadRatings(storage::Transaction& transaction,
                                                         const std::vector<VersionKey>& keys) {
  ASSIGN_OR_RETURN(
      storage::Result result,
      transaction.ExecuteMany("SELECT t.asset, t.version, CAST(SUM(t.rating) AS BIGINT), COUNT(*) FROM "
                              "{rows: asset TEXT, version BIGINT} AS r JOIN ratings AS t ON t.asset = "
                              "r.asset AND t.version = r.version GROUP BY t.asset, t.version",
                              catalog::store::KeyRows(keys)));
  std::map<VersionKey, Rating> ratings;
  for (const storage::Row& row : result.rows) ratings[{row.Text(0), row.Int(1)}] = {row.Int(2), row.Int(3)};
  return ratings;
}

}  // namespace finalmile::catalog::usage::store
