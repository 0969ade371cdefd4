#include "services/catalog/store/gap_store.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "libs/base/clock.h"
#include "libs/base/status.h"
#include "libs/storage/columns.h"

namespace finalmile::catalog::store {
namespace {

using storage::OptionalMicros;
using storage::TimeOr;

#define GAP_COLUMNS                                                                               \
  "id, seq, revision, need, situation, competitor, persona, kind, origin, state, asked, askers, " \
  "asset, reason, create_time, ask_time, ship_time, first_use_time, close_time"

#define GAP_ROWS                                                                                           \
  "{rows: id TEXT, seq BIGINT, revision BIGINT, need TEXT, situation TEXT, competitor TEXT, "              \
  "persona TEXT, kind BIGINT, origin BIGINT, state BIGINT, asked BIGINT, askers TEXT, asset TEXT, "        \
  "reason TEXT, create_time BIGINT, ask_time BIGINT, ship_time BIGINT, first_use_time BIGINT, close_time " \
  "BIGINT}"

std::vector<storage::Row> ToRows(const std::vector<const GapRow*>& gaps) {
  std::vector<storage::Row> rows;
  rows.reserve(gaps.size());
  for (const GapRow* gap : gaps) {
    rows.push_back(storage::Row(
        {gap->id, gap->seq, gap->revision, gap->need, gap->situation, gap->competitor, gap->persona,
         gap->kind, static_cast<int64_t>(gap->origin), static_cast<int64_t>(gap->gap.state), gap->gap.count,
         nlohmann::json(gap->gap.askers).dump(), gap->gap.asset, gap->gap.reason, ToMicros(gap->create_time),
         ToMicros(gap->ask_time), OptionalMicros(gap->gap.ship_time), OptionalMicros(gap->gap.first_use_time),
         OptionalMicros(gap->close_time)}));
  }
  return rows;
}

absl::StatusOr<std::vector<GapRow>> Gaps(absl::StatusOr<storage::Result> result) {
  if (!result.ok()) return result.status();
  std::vector<GapRow> gaps;
  for (const storage::Row& row : result->rows) {
    GapRow& gap = gaps.emplace_back();
    gap.id = row.Text(0);
    gap.seq = row.Int(1);
    gap.revision = row.Int(2);
    gap.need = row.Text(3);
    gap.situation = row.Text(4);
    gap.competitor = row.Text(5);
    gap.persona = row.Text(6);
    gap.kind = row.Int(7);
    gap.origin = static_cast<domain::GapOrigin>(row.Int(8));
    gap.gap.state = static_cast<domain::GapState>(row.Int(9));
    gap.gap.count = row.Int(10);
    const auto askers = nlohmann::json::parse(row.Text(11), nullptr, /*allow_exceptions=*/false);
    if (!askers.is_array())
      return absl::DataLossError(fmt::format("the askers of gaps/{} are damaged", gap.id));
    for (const auto& asker : askers) {
      if (asker.is_string()) gap.gap.askers.push_back(asker.get<std::string>());
    }
    gap.gap.asset = row.Text(12);
    gap.gap.reason = row.Text(13);
    gap.create_time = FromMicros(row.Int(14));
    gap.ask_time = FromMicros(row.Int(15));
    gap.gap.ship_time = TimeOr(row, 16, absl::InfiniteFuture());
    gap.gap.first_use_time = TimeOr(row, 17, absl::InfiniteFuture());
    gap.close_time = TimeOr(row, 18, absl::InfiniteFuture());
  }
  return gaps;
}

absl::StatusOr<std::vector<std::string>> SortedIds(absl::StatusOr<storage::Result> result) {
  if (!result.ok()) return result.status();
  std::vector<std::string> ids;
  for (const storage::Row& row : result->rows) ids.push_back(row.Text(0));
  std::sort(ids.begin(), ids.end());
  return ids;
}

}  // namespace

absl::Status InsertGaps(storage::Transaction& transaction, const std::vector<const GapRow*>& gaps) {
  return transaction
      .DeferMany("INSERT INTO gaps (" GAP_COLUMNS ") SELECT " GAP_COLUMNS " FROM " GAP_ROWS
                 " AS r WHERE TRUE ON CONFLICT DO NOTHING",
                 ToRows(gaps))
      .status();
}

absl::StatusOr<std::vector<GapRow>> LockGaps(storage::Transaction& transaction,
                                             const std::vector<std::string>& ids) {
  return Gaps(transaction.ExecuteMany(
      "SELECT " GAP_COLUMNS
      " FROM gaps WHERE id IN (SELECT r.gap FROM {rows: gap TEXT} AS r) ORDER BY id {for_update}",
      storage::IdRows(ids)));
}

absl::StatusOr<std::vector<GapRow>> LockShipped(storage::Transaction& transaction, std::string_view asset) {
  return Gaps(transaction.Execute("SELECT " GAP_COLUMNS
                                  " FROM gaps WHERE asset = $1 AND state = 3 ORDER BY id {for_update}",
                                  {std::string(asset)}));
}

absl::Status UpdateGaps(storage::Transaction& transaction, const std::vector<const GapRow*>& gaps) {
  return transaction
      .DeferMany(
          "UPDATE gaps SET seq = r.seq, revision = r.revision, need = r.need, situation = r.situation, "
          "competitor = r.competitor, persona = r.persona, kind = r.kind, origin = r.origin, state = "
          "r.state, "
          "asked = r.asked, askers = r.askers, asset = r.asset, reason = r.reason, ask_time = r.ask_time, "
          "ship_time = r.ship_time, first_use_time = r.first_use_time, close_time = r.close_time "
          "FROM " GAP_ROWS " AS r WHERE gaps.id = r.id",
          ToRows(gaps))
      .status();
}

absl::StatusOr<std::vector<GapRow>> ListGaps(storage::Transaction& transaction, const Condition& condition,
                                             const GapPosition& after, int limit) {
  std::vector<storage::Value> values = condition.values;
  auto bind = [&](storage::Value value) {
    values.push_back(std::move(value));
    return fmt::format("${}", values.size());
  };
  std::string sql = fmt::format("SELECT " GAP_COLUMNS " FROM gaps AS g WHERE {}", condition.sql);
  if (after.count >= 0) {
    const std::string count = bind(after.count);
    // The first comparison is what the index is entered by.
    sql += fmt::format(" AND g.asked <= {0} AND (g.asked < {0} OR g.id > {1})", count, bind(after.id));
  }
  sql += fmt::format(" ORDER BY g.asked DESC, g.id LIMIT {}", bind(int64_t{limit}));
  return Gaps(transaction.Execute(sql, std::move(values)));
}

absl::StatusOr<int64_t> CountOpenGaps(storage::Transaction& transaction) {
  ASSIGN_OR_RETURN(
      storage::Result result,
      transaction.Execute("SELECT COUNT(*) FROM gaps WHERE origin IN (1, 3) AND state IN (1, 2)"));
  return result.rows[0].Int(0);
}

absl::StatusOr<int64_t> CountOpenSearches(storage::Transaction& transaction) {
  ASSIGN_OR_RETURN(storage::Result result,
                   transaction.Execute("SELECT COUNT(*) FROM gaps WHERE origin = 2 AND state = 1"));
  return result.rows[0].Int(0);
}

absl::StatusOr<std::vector<std::string>> IdleSearches(storage::Transaction& transaction, absl::Time time,
                                                      int limit) {
  return SortedIds(
      transaction.Execute("SELECT id FROM gaps WHERE origin = 2 AND state = 1 AND ask_time <= $1 "
                          "AND askers = '[]' "
                          "ORDER BY ask_time LIMIT $2",
                          {ToMicros(time), int64_t{limit}}));
}

absl::StatusOr<std::vector<std::string>> ClosedGaps(storage::Transaction& transaction, absl::Time time,
                                                    int limit) {
  return SortedIds(
      transaction.Execute("SELECT id FROM gaps WHERE state IN (4, 5) AND need <> '' "
                          "AND (close_time <= $1 OR close_time IS NULL) LIMIT $2",
                          {ToMicros(time), int64_t{limit}}));
}

}  // namespace finalmile::catalog::store
