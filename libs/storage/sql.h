#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "libs/storage/database.h"
#include "libs/storage/value.h"

// What both adapters do with SQL text and values before an engine sees them. Pure functions.
namespace finalmile::storage {

enum class ColumnType { kText, kBigint, kDouble, kBoolean, kBytes };

// A column of {rows: …}.
struct RowsColumn {
  std::string name;
  ColumnType type;
};

// A statement whose braces are expanded. Column i of {rows: …} has become parameter $i+1.
struct Statement {
  std::string text;
  std::vector<RowsColumn> columns;
};

// Expands the words in braces (database.h lists them) outside literals, quoted names and comments. INTERNAL
// names a word that is unknown or a {rows: …} that is malformed or the second one.
absl::StatusOr<Statement> Expand(Engine engine, std::string_view sql);

// The statements of a script, cut at semicolons outside literals, quoted names and comments; blank ones are
// left out.
std::vector<std::string_view> SplitStatements(std::string_view script);

// Unstorable for what one of the engines could not store: text that holds U+0000 or is not UTF-8, or a NaN.
absl::Status CheckValues(const std::vector<Value>& values);

// CheckValues for every row; also INVALID_ARGUMENT for a row of another width, or a value that is neither
// NULL nor of its column's type.
absl::Status CheckRows(const std::vector<RowsColumn>& columns, const std::vector<Row>& rows);

// INVALID_ARGUMENT unless `channel` is one to 63 of [a-z_].
absl::Status CheckChannel(std::string_view channel);

// INTERNAL with the engine's message and the start of the text (texts hold no personal data: values are
// parameters).
absl::Status WrongSql(std::string_view message, std::string_view sql);

}  // namespace finalmile::storage
