#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "google/protobuf/descriptor.h"
#include "libs/storage/condition.h"

// Filters of List requests: a subset of AIP-160 in which every accepted filter means what AIP-160 says.
//
//   filter     = [ expression ]
//   expression = term { AND term } | term { OR term }      AND and OR mix only by parentheses: AIP-160 ranks
//   OR above AND,
//                                                          which few expect
//   term       = [ NOT | "-" ] ( comparison | "(" expression ")" )
//   comparison = field ( "=" | "!=" | "<" | "<=" | ">" | ">=" | ":" ) literal
//   literal    = "text" | 'text' | word | number | true | false | timestamp | duration | *
//
// A literal may go without quotes when it is a word of letters, digits and _ . - + / @ : (other than AND, OR,
// NOT); inside quotes \" \' \\ stand for " ' \. Timestamps are RFC 3339
// ("2026-01-31T09:00:00Z"), durations decimal seconds with an s ("90s", "0.5s"). `field:"text"` on text:
// contains it, whatever the case of ASCII letters; on other types `:` is `=`. `field:*`: the field has a
// value, for text one that is not empty. Text, bool and enum fields know no order: only = != and `:`; text
// also < <= > >=, by bytes. Of a list, `=` and `:` ask whether one of its values is the literal, `!=` whether
// none is, and `field:*` whether it has any. An absent value differs from every literal: `!=` and NOT find
// it.
namespace finalmile::rpc {

enum class FilterType {
  kText,
  kInt,
  kReal,
  kBool,
  // Stored as BIGINT microseconds since the Unix epoch.
  kTimestamp,
  // Stored as BIGINT microseconds.
  kDuration,
  // One of the field's words, stored as the value beside it.
  kEnum,
  // Any number of texts.
  kTextList,
};

struct FilterField {
  // [a-z][a-z0-9_.]*.
  std::string name;
  FilterType type;
  // SQL of the value: a column or an expression; of a list, a SELECT of its values. Trusted text.
  std::string sql;
  // kEnum only: what may be written, and what is stored for it.
  std::vector<std::pair<std::string, storage::Value>> words = {};
  // kText and kTextList only: brings a literal into the form in which the values of `sql` are stored; null:
  // they are stored as they are written.
  std::string (*form)(std::string_view literal) = nullptr;
};

// What a filter may speak of.
struct FilterSchema {
  std::vector<FilterField> fields;
  // In bytes.
  size_t max_length = 1000;
  // How deep parentheses and negations may be nested.
  int max_depth = 16;
};

// The names of an enum's values as words, each stored as its number or as its name.
enum class StoredAs { kNumber, kName };
std::vector<std::pair<std::string, storage::Value>> EnumWords(
    const google::protobuf::EnumDescriptor& descriptor, StoredAs stored_as);

// Translates `filter` into SQL for storage::Transaction::Execute (it may hold {sorted}); TRUE for an empty
// filter. Its first parameter is $`first_parameter`. INVALID_ARGUMENT with a violation of
// `filter` says at which character (from 1) what is wrong. Pure; linear in the length.
absl::StatusOr<storage::Condition> CompileFilter(std::string_view filter, const FilterSchema& schema,
                                                 int first_parameter = 1);

// One comparison of a filter that only joins comparisons by AND.
struct FilterTerm {
  // One of the schema's fields.
  std::string field;
  // "!=" rather than "=" or ":".
  bool differs = false;
  storage::Value value;
};

// For what is not in SQL: the comparisons of a filter that holds only =, != and :, joined by AND. The `sql`
// of the schema's fields is not read. INVALID_ARGUMENT as CompileFilter, also for what goes beyond that.
absl::StatusOr<std::vector<FilterTerm>> ParseFilterTerms(std::string_view filter, const FilterSchema& schema);

}  // namespace finalmile::rpc
