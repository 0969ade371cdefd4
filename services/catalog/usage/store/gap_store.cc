#include "services/catalog/usage/store/gap_store.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "libs/base/clock.h"
#include "libs/base/status.h"
#include "libs/storage/columns.h"

namespace finalmile::catalog::usage::store {

const storage::Table<GapRow> kGaps(
    "gaps", {"id"},
    {{"id", &GapRow::id},
     {"seq", &GapRow::seq},
     {"revision", &GapRow::revision},
     {"need", &GapRow::need},
     {"situation", &GapRow::situation},
     {"competitor", &GapRow::competitor},
     {"persona", &GapRow::persona},
     {"kind", &GapRow::kind},
     {"origin", &GapRow::origin},
     {"state", storage::In(&GapRow::gap, &domain::Gap::state)},
     {"asked", storage::In(&GapRow::gap, &domain::Gap::count)},
     {"askers", "TEXT",
      [](const GapRow& gap) -> storage::Value { return nlohmann::json(gap.gap.askers).dump(); },
      [](const storage::Row& row, size_t column, GapRow& gap) -> absl::Status {
        const auto askers = nlohmann::json::parse(row.Text(column), nullptr, /*allow_exceptions=*/false);
        if (!askers.is_array())
          return absl::DataLossError(fmt::format("the askers of gaps/{} are damaged", gap.id));
        for (const auto& asker : askers) {
          if (asker.is_string()) gap.gap.askers.push_back(asker.get<std::string>());
        }
        return absl::OkStatus();
      }},
     {"asset", storage::In(&GapRow::gap, &domain::Gap::asset)},
     {"reason", storage::In(&GapRow::gap, &domain::Gap::reason)},
     {"create_time", &GapRow::create_time},
     {"ask_time", &GapRow::ask_time},
     {"ship_time", storage::In(&GapRow::gap, &domain::Gap::ship_time), absl::InfiniteFuture()},
     {"first_use_time", storage::In(&GapRow::gap, &domain::Gap::first_use_time), absl::InfiniteFuture()},
     {"close_time", &GapRow::close_time, absl::InfiniteFuture()}});

namespace {

absl::StatusOr<std::vector<std::string>> SortedIds(const absl::StatusOr<storage::Result>& result) {
  ASSIGN_OR_RETURN(std::vector<std::string> ids, storage::FirstTexts(result));
  std::sort(ids.begin(), ids.end());
  return ids;
}

}  // namespace

absl::StatusOr<storage::Deferred> DeferLockShipped(storage::Transaction& transaction,
                                                   const catalog::domain::AssetId& asset) {
  return transaction.Defer(kGaps.select() + R"sql(
WHERE asset = $1 AND state = 3
ORDER BY id
{for_update})sql",
                           {asset.text()});
}

absl::StatusOr<std::vector<GapRow>> ListGaps(storage::Transaction& transaction,
                                             const storage::Condition& condition, const GapPosition& after,
                                             int limit) {
  std::vector<storage::Value> values = condition.values;
  auto bind = [&](storage::Value value) {
    values.push_back(std::move(value));
    return fmt::format("${}", values.size());
  };
  std::string sql = fmt::format("{} AS g WHERE {}", kGaps.select(), condition.sql);
  if (after.count >= 0) {
    const std::string count = bind(after.count);
    // The first comparison is what the index is entered by.
    sql += fmt::format(" AND g.asked <= {0} AND (g.asked < {0} OR g.id > {1})", count, bind(after.id));
  }
  sql += fmt::format(" ORDER BY g.asked DESC, g.id LIMIT {}", bind(int64_t{limit}));
  ASSIGN_OR_RETURN(const storage::Result result, transaction.Execute(sql, std::move(values)));
  return kGaps.Records(result);
}

storage::Condition AskedBy(storage::Condition condition, std::string_view asker) {
  // As it stands in the list, which is JSON: the quotes are its ends.
  condition.values.emplace_back(nlohmann::json(asker).dump());
  condition.sql =
      fmt::format("({}) AND REPLACE(g.askers, ${}, '') <> g.askers", condition.sql, condition.values.size());
  return condition;
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
  return SortedIds(transaction.Execute(R"sql(
SELECT id FROM gaps
WHERE origin = 2 AND state = 1 AND ask_time <= $1 AND askers = '[]'
ORDER BY ask_time
LIMIT $2)sql",
                                       {ToMicros(time), int64_t{limit}}));
}

absl::StatusOr<std::vector<std::string>> ClosedGaps(storage::Transaction& transaction, absl::Time time,
                                                    int limit) {
  return SortedIds(transaction.Execute(R"sql(
SELECT id FROM gaps
WHERE state IN (4, 5) AND need <> '' AND (close_time <= $1 OR close_time IS NULL)
LIMIT $2)sql",
                                       {ToMicros(time), int64_t{limit}}));
}

}  // namespace finalmile::catalog::usage::store
