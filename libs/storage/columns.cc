#include "libs/storage/columns.h"

#include <algorithm>

#include "libs/base/clock.h"

namespace finalmile::storage {

std::vector<std::string> SortedUnique(std::vector<std::string> ids) {
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  return ids;
}

std::vector<Row> IdRows(const std::vector<std::string>& ids) {
  std::vector<Row> rows;
  rows.reserve(ids.size());
  for (const std::string& id : ids) rows.emplace_back(std::vector<Value>{id});
  return rows;
}

absl::StatusOr<std::vector<std::string>> FirstTexts(const absl::StatusOr<Result>& result) {
  if (!result.ok()) return result.status();
  std::vector<std::string> texts;
  texts.reserve(result->rows.size());
  for (const Row& row : result->rows) texts.push_back(row.Text(0));
  return texts;
}

Value OptionalMicros(absl::Time time) {
  if (time == absl::InfinitePast() || time == absl::InfiniteFuture()) return std::monostate();
  return ToMicros(time);
}

absl::Time TimeOr(const Row& row, size_t column, absl::Time absent) {
  return row.Null(column) ? absent : FromMicros(row.Int(column));
}

}  // namespace finalmile::storage
