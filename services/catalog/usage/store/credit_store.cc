#include "services/catalog/usage/store/credit_store.h"

#include <algorithm>
#include <limits>
#include <tuple>

#include "libs/base/clock.h"
#include "libs/base/status.h"
#include "libs/storage/columns.h"

namespace finalmile::catalog::usage::store {

using catalog::store::KeyRows;
using catalog::store::kJoinKeys;

absl::Status ClaimUses(storage::Transaction& transaction, const std::string& chain, const std::string& lead,
                       absl::Time time, domain::Touch& touch, std::vector<domain::Touch>& matured) {
  ASSIGN_OR_RETURN(const storage::Result uses,
                   transaction.Execute(R"sql(
UPDATE uses SET chain = $1
WHERE lead = $2 AND asset = $3 AND version = $4 AND chain = '' AND use_time <= $5
RETURNING use_time, grade, stage, matured)sql",
                                       {chain, lead, touch.asset, touch.version, ToMicros(time)}));
  int64_t first = std::numeric_limits<int64_t>::max();
  for (const storage::Row& row : uses.rows) {
    if (row.Bool(3)) matured.push_back({touch.asset, touch.version, row.Text(1), row.Text(2)});
    if (row.Int(0) >= first) continue;
    first = row.Int(0);
    touch.grade = row.Text(1);
    touch.stage = row.Text(2);
  }
  if (!uses.rows.empty()) return absl::OkStatus();
  ASSIGN_OR_RETURN(
      const storage::Result offers,
      transaction.Execute(R"sql(
SELECT grade, stage FROM offers
WHERE lead = $1 AND asset = $2 AND version = $3 AND slot <> $4
ORDER BY offer_time
LIMIT 1)sql",
                          {lead, touch.asset, touch.version, static_cast<int64_t>(domain::Slot::kWithheld)}));
  if (offers.rows.empty()) return absl::OkStatus();
  touch.grade = offers.rows[0].Text(0);
  touch.stage = offers.rows[0].Text(1);
  return absl::OkStatus();
}

absl::StatusOr<std::vector<domain::Touch>> MatureUses(storage::Transaction& transaction, absl::Time time,
                                                      int limit) {
  ASSIGN_OR_RETURN(const storage::Result result, transaction.Execute(R"sql(
UPDATE uses SET matured = TRUE
WHERE chain = '' AND NOT matured AND id IN (
  SELECT id FROM uses
  WHERE asset <> '' AND chain = '' AND NOT matured AND use_time <= $1
  ORDER BY use_time
  LIMIT $2 {skip_locked})
RETURNING asset, version, grade, stage)sql",
                                                                     {ToMicros(time), int64_t{limit}}));
  std::vector<domain::Touch> touches;
  for (const storage::Row& row : result.rows) {
    touches.push_back({row.Text(0), row.Int(1), row.Text(2), row.Text(3)});
  }
  return touches;
}

absl::StatusOr<absl::Time> FirstToMature(storage::Transaction& transaction) {
  absl::Time first = absl::InfiniteFuture();
  for (const char* sql : {"SELECT MIN(use_time) FROM uses WHERE asset <> '' AND chain = '' AND NOT matured",
                          "SELECT MIN(offer_time) FROM offers WHERE trial AND chain = '' AND NOT matured",
                          "SELECT MIN(set_time) FROM meetings WHERE was_set AND NOT matured"}) {
    ASSIGN_OR_RETURN(const storage::Result result, transaction.Execute(sql));
    first = std::min(first, storage::TimeOr(result.rows[0], 0, absl::InfiniteFuture()));
  }
  return first;
}

absl::Status AddCells(storage::Transaction& transaction, const std::vector<domain::CreditChange>& changes) {
  std::map<domain::Touch, std::tuple<int64_t, int64_t, int64_t>> sums;
  for (const domain::CreditChange& change : changes) {
    const domain::Touch all = {"", 0, change.touch.grade, change.touch.stage};
    for (const domain::Touch& touch : {change.touch, all}) {
      auto& [matured, set, held] = sums[touch];
      matured += change.matured;
      set += change.set;
      held += change.held;
    }
  }
  std::vector<storage::Row> rows;
  for (const auto& [touch, sum] : sums) {
    const auto& [matured, set, held] = sum;
    rows.push_back(storage::Row({touch.asset, touch.version, touch.grade, touch.stage, matured, set, held}));
  }
  return transaction
      .DeferMany(R"sql(
INSERT INTO cells AS c (asset, version, grade, stage, matured, set_count, held)
SELECT r.* FROM {rows: asset TEXT, version BIGINT, grade TEXT, stage TEXT, matured BIGINT,
                       set_count BIGINT, held BIGINT} AS r
WHERE TRUE
ON CONFLICT (asset, version, grade, stage) DO UPDATE SET
  matured = c.matured + excluded.matured,
  set_count = c.set_count + excluded.set_count,
  held = c.held + excluded.held)sql",
                 rows)
      .status();
}

absl::Status AddArms(storage::Transaction& transaction, const std::map<ArmKey, domain::Arm>& changes) {
  std::vector<storage::Row> rows;
  rows.reserve(changes.size());
  for (const auto& [key, arm] : changes) {
    rows.push_back(storage::Row({key.first.first, key.first.second, key.second, arm.matured, arm.held}));
  }
  return transaction
      .DeferMany(R"sql(
INSERT INTO arms AS a (asset, version, withheld, matured, held)
SELECT r.* FROM {rows: asset TEXT, version BIGINT, withheld BOOLEAN, matured BIGINT, held BIGINT} AS r
WHERE TRUE
ON CONFLICT (asset, version, withheld) DO UPDATE SET
  matured = a.matured + excluded.matured,
  held = a.held + excluded.held)sql",
                 rows)
      .status();
}

absl::StatusOr<std::map<VersionKey, std::vector<domain::CellCount>>> ReadCells(
    storage::Transaction& transaction, const std::vector<VersionKey>& keys) {
  static const std::string kSql =
      std::string("SELECT asset, version, grade, stage, matured, set_count, held FROM cells") + kJoinKeys;
  ASSIGN_OR_RETURN(const storage::Result result, transaction.ExecuteMany(kSql, KeyRows(keys)));
  std::map<VersionKey, std::vector<domain::CellCount>> cells;
  for (const storage::Row& row : result.rows) {
    cells[{row.Text(0), row.Int(1)}].push_back(
        {row.Text(2), row.Text(3), row.Int(4), row.Int(5), row.Int(6)});
  }
  return cells;
}

absl::StatusOr<std::vector<domain::CellCount>> ReadAllCells(storage::Transaction& transaction) {
  ASSIGN_OR_RETURN(auto cells, ReadCells(transaction, {{"", 0}}));
  return std::move(cells[{"", 0}]);
}

absl::StatusOr<std::map<ArmKey, domain::Arm>> ReadArms(storage::Transaction& transaction,
                                                       const std::vector<VersionKey>& keys) {
  static const std::string kSql =
      std::string("SELECT asset, version, withheld, matured, held FROM arms") + kJoinKeys;
  ASSIGN_OR_RETURN(const storage::Result result, transaction.ExecuteMany(kSql, KeyRows(keys)));
  std::map<ArmKey, domain::Arm> arms;
  for (const storage::Row& row : result.rows) {
    arms[{{row.Text(0), row.Int(1)}, row.Bool(2)}] = {row.Int(3), row.Int(4)};
  }
  return arms;
}

absl::StatusOr<int64_t> DeleteUsage(storage::Transaction& transaction, absl::Time time, int limit) {
  int64_t most = 0;
  for (const char* sql : {
           R"sql(
DELETE FROM uses
WHERE id IN (SELECT id FROM uses WHERE use_time < $1 ORDER BY use_time LIMIT $2))sql",
           R"sql(
DELETE FROM offers
WHERE id IN (SELECT id FROM offers WHERE offer_time < $1 ORDER BY offer_time LIMIT $2))sql",
       }) {
    ASSIGN_OR_RETURN(const storage::Result result,
                     transaction.Execute(sql, {ToMicros(time), int64_t{limit}}));
    most = std::max(most, result.affected);
  }
  ASSIGN_OR_RETURN(const std::vector<std::string> chains,
                   storage::FirstTexts(transaction.Execute(R"sql(
DELETE FROM meetings
WHERE chain IN (SELECT chain FROM meetings WHERE update_time < $1 ORDER BY update_time LIMIT $2)
RETURNING chain)sql",
                                                           {ToMicros(time), int64_t{limit}})));
  RETURN_IF_ERROR(transaction
                      .DeferMany(R"sql(
DELETE FROM meeting_touches
WHERE chain IN (SELECT r.chain FROM {rows: chain TEXT} AS r))sql",
                                 storage::IdRows(chains))
                      .status());
  return std::max<int64_t>(most, std::ssize(chains));
}

}  // namespace finalmile::catalog::usage::store
