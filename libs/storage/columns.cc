#include "libs/storage/columns.h"

#include "libs/base/clock.h"

namespace finalmile::storage {

std::vector<Row> IdRows(const std::vector<std::string>& ids) {
  std::vector<Row> rows;
  rows.reserve(ids.size());
  for (const std::string& id : ids) rows.emplace_back(std::vector<Value>{id});
  return rows;
}

Value OptionalMicros(absl::Time time) {
  if (time == absl::InfinitePast() || time == absl::InfiniteFuture()) return std::monostate();
  return ToMicros(time);
}

absl::Time TimeOr(const Row& row, size_t column, absl::Time absent) {
  return row.Null(column) ? absent : FromMicros(row.Int(column));
}

}  // namespace finalmile::storage
