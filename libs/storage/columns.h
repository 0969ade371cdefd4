#pragma once

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/base/strong_id.h"
#include "libs/storage/value.h"

// How the stores of services bind and read ids and instants. Id is std::string or a StrongId.
namespace finalmile::storage {

// In the order in which rows are locked, each once.
template <class Id = std::string>
std::vector<Id> SortedUnique(std::vector<Id> ids) {
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  return ids;
}

// Rows for ExecuteMany with one text column.
template <class Id = std::string>
std::vector<Row> IdRows(const std::vector<Id>& ids) {
  std::vector<Row> rows;
  rows.reserve(ids.size());
  for (const Id& id : ids) rows.emplace_back(std::vector<Value>{TextOf(id)});
  return rows;
}

// The texts that a statement has read as its first column, such as ids. An error is passed on.
template <class Id = std::string>
absl::StatusOr<std::vector<Id>> FirstTexts(const absl::StatusOr<Result>& result) {
  if (!result.ok()) return result.status();
  std::vector<Id> texts;
  texts.reserve(result->rows.size());
  for (const Row& row : result->rows) texts.emplace_back(row.Text(0));
  return texts;
}

// Microseconds; NULL for an infinite time, past or future.
Value OptionalMicros(absl::Time time);
// The inverse: `absent` for NULL.
absl::Time TimeOr(const Row& row, size_t column, absl::Time absent);

}  // namespace finalmile::storage
