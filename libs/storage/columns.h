#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/storage/value.h"

// How the stores of services bind and read ids and instants.
namespace finalmile::storage {

// In the order in which rows are locked, each once.
std::vector<std::string> SortedUnique(std::vector<std::string> ids);

// Rows for ExecuteMany with one text column.
std::vector<Row> IdRows(const std::vector<std::string>& ids);

// The texts that a statement has read as its first column, such as ids. An error is passed on.
absl::StatusOr<std::vector<std::string>> FirstTexts(const absl::StatusOr<Result>& result);

// Microseconds; NULL for an infinite time, past or future.
Value OptionalMicros(absl::Time time);
// The inverse: `absent` for NULL.
absl::Time TimeOr(const Row& row, size_t column, absl::Time absent);

}  // namespace finalmile::storage
