#include "libs/storage/columns.h"

#include "libs/base/clock.h"

namespace finalmile::storage {

Value OptionalMicros(absl::Time time) {
  if (time == absl::InfinitePast() || time == absl::InfiniteFuture()) return std::monostate();
  return ToMicros(time);
}

absl::Time TimeOr(const Row& row, size_t column, absl::Time absent) {
  return row.Null(column) ? absent : FromMicros(row.Int(column));
}

}  // namespace finalmile::storage
