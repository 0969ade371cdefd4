#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "absl/time/time.h"
#include "absl/types/span.h"
#include "services/leads/domain/lead.h"
#include "services/leads/domain/violation.h"

namespace finalmile::leads::domain {

// The structs mirror ImportMapping of import.proto, field by field, and import.proto explains them.

enum class AttributeType { kUnspecified = 0, kText = 1, kNumber = 2, kBoolean = 3, kList = 4 };
enum class RangeEnd { kUnspecified = 0, kLower = 1, kUpper = 2, kMiddle = 3 };

struct AttributeColumn {
  std::string column;
  std::string attribute;
  AttributeType type = AttributeType::kUnspecified;
  std::map<std::string, std::string> values;
  std::vector<std::string> null_words;
};

struct FieldColumn {
  std::string column;
  std::string field;
  std::map<std::string, std::string> values;
};

struct CellIsCount {
  bool value = true;
};
struct When {
  std::vector<std::string> values;
};
struct WhenAtLeast {
  double value = 0;
};

struct ActivityColumn {
  std::string column;
  std::string type;
  std::string subject;
  // None set: one activity for a number of seconds above 0 (cell_is_seconds).
  std::variant<std::monostate, CellIsCount, When, WhenAtLeast> count;
  bool cell_is_seconds = false;
  double hours_before = 0;
  std::vector<std::string> null_words = {};
};

struct OutcomeColumn {
  // Empty: none.
  std::string column;
  std::vector<std::string> positive;
  std::vector<std::string> negative = {};
  std::vector<std::string> null_words = {};
};

struct PermissionColumn {
  std::string column;
  Channel channel = Channel::kUnspecified;
  std::string purpose;
  std::vector<std::string> denied;
  std::vector<std::string> allowed;
  std::vector<std::string> null_words = {};
  // Empty: none.
  std::string time_column = {};
};

struct GateColumn {
  std::string column;
  std::map<std::string, Gate> values;
  std::vector<std::string> none;
};

struct ColumnFormat {
  // Empty: every column without an entry of its own.
  std::string column;
  std::string dates = {};
  std::string zone = {};
  // What `zone` names; absent: there is no such zone, or none is named.
  std::optional<absl::TimeZone> loaded_zone = {};
  std::string decimal = {};
  RangeEnd ranges = RangeEnd::kUnspecified;
  std::string separators = {};
};

struct TimeColumn {
  std::string column;
};
struct FixedTime {
  absl::Time time = absl::UnixEpoch();
};
struct HoursBeforeImport {
  double hours = 0;
};
using ActivityTime = std::variant<std::monostate, TimeColumn, FixedTime, HoursBeforeImport>;

struct ImportMapping {
  std::string name;
  std::vector<std::string> null_words;
  std::string id_column;
  std::string delimiter;
  std::vector<AttributeColumn> attributes;
  std::vector<FieldColumn> fields;
  std::vector<ActivityColumn> activities;
  OutcomeColumn outcome;
  std::vector<PermissionColumn> permissions;
  std::vector<std::string> after_contact;
  std::vector<std::string> ignore;
  ActivityTime activity_time;
  std::vector<ColumnFormat> formats;
  std::string id_source;
  std::vector<GateColumn> gates;
  ActivityTime arrival_time;
  ActivityTime outcome_time;
  bool historic = false;
  bool log = false;
};

inline constexpr size_t kMaxImportColumns = 1000;

// The attribute that `column` fills: its `attribute`, or the column's name in lower case with other
// characters than [a-z0-9] as underscores.
std::string AttributeName(const AttributeColumn& column);

// The columns of a file by name. A name matches as it is written, else without regard to case, accents and
// white space, where that names one column alone.
class ColumnIndex {
 public:
  explicit ColumnIndex(absl::Span<const std::string> columns);
  // Its position; nullopt: there is none of this name, or several.
  std::optional<size_t> Find(std::string_view name) const;

 private:
  std::map<std::string, size_t, std::less<>> exact_;
  // nullopt: several columns.
  std::map<std::string, std::optional<size_t>, std::less<>> folded_;
};

// Everything wrong with `mapping` for a file with the header `columns`; empty: an ImportPlan can be made of
// the two. Names each column of the file that the mapping leaves out or names twice, and each one it names
// that is not there. Columns without a name are left out.
std::vector<Violation> Validate(const ImportMapping& mapping, absl::Span<const std::string> columns);

}  // namespace finalmile::leads::domain
