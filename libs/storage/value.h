#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace finalmile::storage {

// A byte string column (BYTEA, BLOB), as opposed to text.
struct Bytes {
  std::string data;
  bool operator==(const Bytes&) const = default;
};

// What is bound to a statement and read from a result. monostate is NULL.
using Value = std::variant<std::monostate, int64_t, double, bool, std::string, Bytes>;

// One row of a result or of a bulk statement.
//
// The readers convert only between what the engines represent differently (SQLite stores a boolean as 0 or 1,
// and a whole double as an integer). Reading NULL or another type is a programming error and ends the process
// with the column's number; Null() tells first.
class Row {
 public:
  Row() = default;
  explicit Row(std::vector<Value> values) : values_(std::move(values)) {}

  bool Null(size_t column) const { return std::holds_alternative<std::monostate>(values_[column]); }
  int64_t Int(size_t column) const;
  double Real(size_t column) const;
  bool Bool(size_t column) const;
  const std::string& Text(size_t column) const;
  const std::string& Blob(size_t column) const;

  std::optional<int64_t> OptionalInt(size_t column) const;
  std::optional<double> OptionalReal(size_t column) const;
  std::optional<std::string> OptionalText(size_t column) const;

  const std::vector<Value>& values() const { return values_; }

 private:
  std::vector<Value> values_;
};

// The outcome of a statement.
struct Result {
  std::vector<Row> rows;
  // Rows inserted, updated or deleted; for a SELECT, rows returned.
  int64_t affected = 0;
};

}  // namespace finalmile::storage
