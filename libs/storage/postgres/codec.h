#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/storage/sql.h"
#include "libs/storage/value.h"

// PostgreSQL's binary formats: exact for every value and free of quoting. Pure functions.
namespace finalmile::storage::postgres {

// Object ids of the built-in types (src/include/catalog/pg_type.dat), fixed for ever.
using TypeId = unsigned int;
constexpr TypeId kUnknownType = 0;

// The type that a value is bound as; kUnknownType for NULL, whose type the server infers.
TypeId TypeOf(const Value& value);
// The type of an array of a column's values.
TypeId ArrayTypeOf(ColumnType type);

// Appends the binary form of a value that is not NULL.
void Encode(const Value& value, std::string& out);
// Appends one column of `rows`, whose values CheckRows has passed, as a one-dimensional array.
void EncodeColumn(ColumnType type, const std::vector<Row>& rows, size_t column, std::string& out);

// Reads the binary form of a value of `type`. A whole numeric within 64 bits becomes an integer (SUM of
// BIGINT is numeric). INTERNAL for other types: the statement should CAST the column to one that Value has.
absl::StatusOr<Value> Decode(TypeId type, std::string_view data);

}  // namespace finalmile::storage::postgres
