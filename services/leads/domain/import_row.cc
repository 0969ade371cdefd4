#include "services/leads/domain/import_row.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "services/leads/domain/lead_rules.h"
#include "services/leads/domain/text.h"

namespace finalmile::leads::domain {
namespace {

// Texts compare in lower case from here on.
void LowerAll(std::vector<std::string>& words) {
  for (std::string& word : words) word = Lower(Trim(word));
}

template <class Value>
void LowerKeys(std::map<std::string, Value>& values) {
  std::map<std::string, Value> lower;
  for (const auto& [from, to] : values) lower.emplace(Lower(Trim(from)), to);
  values = std::move(lower);
}

bool IsIn(const std::vector<std::string>& words, std::string_view cell) {
  return std::any_of(words.begin(), words.end(),
                     [&](const std::string& word) { return EqualsIgnoringCase(word, cell); });
}

std::string Translate(const std::map<std::string, std::string>& values, std::string_view cell) {
  if (values.empty()) return std::string(cell);
  const auto found = values.find(Lower(cell));
  return found == values.end() ? std::string(cell) : found->second;
}

std::optional<bool> ParseBoolean(std::string_view cell) {
  for (std::string_view yes : {"yes", "true", "1", "y"}) {
    if (EqualsIgnoringCase(cell, yes)) return true;
  }
  for (std::string_view no : {"no", "false", "0", "n"}) {
    if (EqualsIgnoringCase(cell, no)) return false;
  }
  return std::nullopt;
}

std::optional<absl::Time> ParseInstant(const std::string& cell) {
  absl::Time time;
  if (absl::ParseTime(absl::RFC3339_full, cell, &time, nullptr)) return time;
  if (absl::ParseTime("%Y-%m-%d", cell, &time, nullptr)) return time;
  return std::nullopt;
}

}  // namespace

// The reading of one row. Each step gives the reject that ends it, if any.
struct ImportPlan::Reading {
  const ImportPlan& plan;
  absl::Span<const std::string> cells;
  int64_t line;
  absl::Time start_time;
  ImportedLead result;

  const ImportMapping& mapping() const { return plan.mapping_; }

  // The trimmed cell; empty when it means "not answered".
  std::string_view Cell(const std::string& column) const {
    const std::string_view cell = Trim(cells[plan.IndexOf(column)]);
    return IsIn(mapping().null_words, cell) ? std::string_view() : cell;
  }

  std::optional<Reject> Run() {
    if (cells.size() != plan.columns_) {
      return Reject{"", fmt::format("has {} cells, the header has {}", cells.size(), plan.columns_)};
    }
    for (auto step : {&Reading::Id, &Reading::Attributes, &Reading::Fields, &Reading::Gates,
                      &Reading::Outcomes, &Reading::Times, &Reading::Permissions, &Reading::Activities}) {
      if (std::optional<Reject> reject = (this->*step)()) return reject;
    }
    Normalise(result.lead);
    const std::vector<Violation> violations = Validate(result.lead);
    if (violations.empty()) return std::nullopt;
    return plan.RejectFor(violations.front());
  }

  std::optional<Reject> Id() {
    if (mapping().id_column.empty()) return std::nullopt;
    std::string id(Cell(mapping().id_column));
    if (id.empty()) return Reject{mapping().id_column, "is empty, but identifies the row"};
    result.lead.external_ids.push_back({mapping().id_source, std::move(id)});
    return std::nullopt;
  }

  std::optional<Reject> Attributes() {
    for (const AttributeColumn& column : mapping().attributes) {
      const std::string_view cell = Cell(column.column);
      if (cell.empty() || IsIn(column.null_words, cell)) continue;
      std::string text = Translate(column.values, cell);
      AttributeValue& value = result.lead.attributes[AttributeName(column)];
      if (column.type == AttributeType::kNumber) {
        const std::optional<double> number = ParseNumber(text);
        if (!number) return Reject{column.column, "is not a number"};
        value = *number;
      } else if (column.type == AttributeType::kBoolean) {
        const std::optional<bool> boolean = ParseBoolean(text);
        if (!boolean) return Reject{column.column, "is neither yes nor no"};
        value = *boolean;
      } else {
        value = std::move(text);
      }
    }
    return std::nullopt;
  }

  std::optional<Reject> Fields() {
    for (const FieldColumn& column : mapping().fields) {
      result.lead.*FindTextField(column.field)->member = Translate(column.values, Cell(column.column));
    }
    return std::nullopt;
  }

  std::optional<Reject> Outcomes() {
    if (mapping().outcome.column.empty()) return std::nullopt;
    const std::string_view cell = Cell(mapping().outcome.column);
    if (cell.empty()) return std::nullopt;
    result.lead.outcome = IsIn(mapping().outcome.positive, cell) ? Outcome::kPositive : Outcome::kNegative;
    return std::nullopt;
  }

  std::optional<Reject> Gates() {
    for (const GateColumn& column : mapping().gates) {
      const std::string_view cell = Cell(column.column);
      if (cell.empty()) continue;
      if (const auto found = column.values.find(Lower(cell)); found != column.values.end()) {
        if (std::count(result.lead.gates.begin(), result.lead.gates.end(), found->second) == 0)
          result.lead.gates.push_back(found->second);
      } else if (!IsIn(column.none, cell) && std::count(column.none.begin(), column.none.end(), "*") == 0) {
        return Reject{column.column, fmt::format("\"{}\" is neither among the values nor under none", cell)};
      }
    }
    std::sort(result.lead.gates.begin(), result.lead.gates.end());
    return std::nullopt;
  }

  std::optional<Reject> Times() {
    if (auto reject = TimeOf(mapping().arrival_time, result.lead.arrival_time)) return reject;
    if (result.lead.outcome == Outcome::kUnspecified) return std::nullopt;
    return TimeOf(mapping().outcome_time, result.lead.outcome_time);
  }

  std::optional<Reject> TimeOf(const ActivityTime& from, absl::Time& to) const {
    if (const auto* in_row = std::get_if<TimeColumn>(&from)) {
      const std::string cell(Cell(in_row->column));
      if (cell.empty()) return std::nullopt;
      const std::optional<absl::Time> parsed = ParseInstant(cell);
      if (!parsed) return Reject{in_row->column, "is not an instant: give RFC 3339 or YYYY-MM-DD"};
      to = *parsed;
    } else if (const auto* fixed = std::get_if<FixedTime>(&from)) {
      to = fixed->time;
    }
    return std::nullopt;
  }

  std::optional<Reject> Permissions() {
    for (const PermissionColumn& column : mapping().permissions) {
      const std::string_view cell = Cell(column.column);
      if (cell.empty()) continue;
      const bool denied = IsIn(column.denied, cell);
      if (!denied && !IsIn(column.allowed, cell)) continue;
      absl::Time said = start_time;
      if (!column.time_column.empty()) {
        if (auto reject = TimeOf(TimeColumn{column.time_column}, said)) return reject;
      }
      result.lead.permissions.push_back(
          {.channel = column.channel,
           .purpose = column.purpose,
           .state = denied ? PermissionState::kDenied : PermissionState::kAllowed,
           .basis = "stated in import",
           .source = plan.source_,
           .time = said});
    }
    return std::nullopt;
  }

  std::optional<Reject> Activities() {
    for (const ActivityColumn& column : mapping().activities) {
      const std::string_view cell = Cell(column.column);
      if (cell.empty()) continue;
      ImportedActivity activity;
      activity.source = plan.source_;
      activity.type = column.type;
      activity.subject = column.subject;
      if (const auto* when = std::get_if<When>(&column.count)) {
        if (!IsIn(when->values, cell)) continue;
      } else {
        const std::optional<double> number = ParseNumber(cell);
        if (!number || *number < 0) return Reject{column.column, "is not a number of at least 0"};
        if (std::holds_alternative<CellIsCount>(column.count)) {
          activity.count = static_cast<int32_t>(std::min<double>(std::floor(*number), kMaxActivityCount));
          if (activity.count == 0) continue;
          activity.counter = true;
          activity.total = activity.count;
        } else if (const auto* least = std::get_if<WhenAtLeast>(&column.count)) {
          if (*number < least->value) continue;
        } else if (*number == 0) {
          continue;
        }
        if (column.cell_is_seconds) {
          activity.seconds = activity.total = *number;
          activity.counter = true;
        }
      }
      if (std::optional<Reject> reject = Date(column, activity)) return reject;
      activity.key = fmt::format("{}\x1f{}\x1f{}\x1f{}", activity.counter ? 'n' : 'w', column.column,
                                 column.type, column.subject);
      result.activities.push_back(std::move(activity));
    }
    return std::nullopt;
  }

  std::optional<Reject> Date(const ActivityColumn& column, Activity& activity) const {
    absl::Time time = start_time;
    std::string time_column = column.column;
    if (const auto* in_row = std::get_if<TimeColumn>(&mapping().activity_time)) {
      time_column = in_row->column;
      const std::optional<absl::Time> parsed = ParseInstant(std::string(Cell(in_row->column)));
      if (!parsed) return Reject{time_column, "is not an instant: give RFC 3339 or YYYY-MM-DD"};
      time = *parsed;
    } else if (const auto* fixed = std::get_if<FixedTime>(&mapping().activity_time)) {
      time = fixed->time;
    } else if (const auto* before = std::get_if<HoursBeforeImport>(&mapping().activity_time)) {
      time -= absl::Hours(before->hours);
    }
    activity.event_time = time - absl::Hours(column.hours_before);
    if (activity.event_time < kEarliestActivity)
      return Reject{time_column, "puts an activity before the year 2000"};
    if (activity.event_time > start_time + kMaxFuture)
      return Reject{time_column, "puts an activity into the future"};
    return std::nullopt;
  }
};

ImportPlan::ImportPlan(ImportMapping mapping, absl::Span<const std::string> columns)
    : mapping_(std::move(mapping)), source_("import:" + mapping_.name), columns_(columns.size()) {
  for (size_t i = 0; i < columns.size(); ++i) index_.emplace(columns[i], i);
  LowerAll(mapping_.null_words);
  LowerAll(mapping_.outcome.positive);
  for (AttributeColumn& column : mapping_.attributes) {
    LowerKeys(column.values);
    LowerAll(column.null_words);
  }
  for (FieldColumn& column : mapping_.fields) LowerKeys(column.values);
  for (ActivityColumn& column : mapping_.activities) {
    if (auto* when = std::get_if<When>(&column.count)) LowerAll(when->values);
  }
  for (PermissionColumn& column : mapping_.permissions) {
    LowerAll(column.denied);
    LowerAll(column.allowed);
  }
  for (GateColumn& column : mapping_.gates) {
    LowerKeys(column.values);
    LowerAll(column.none);
  }
  if (mapping_.id_source.empty()) mapping_.id_source = source_;
  NameFacts();
}

void ImportPlan::NameFacts() {
  for (const FieldColumn& column : mapping_.fields) facts_.push_back({column.field, column.column});
  for (const AttributeColumn& column : mapping_.attributes)
    facts_.push_back({"attributes." + AttributeName(column), column.column});
  for (const GateColumn& column : mapping_.gates) {
    std::set<Gate> gates;
    for (const auto& [word, gate] : column.values) gates.insert(gate);
    for (const Gate gate : gates)
      facts_.push_back({fmt::format("gates.{}", static_cast<int>(gate)), column.column});
  }
  if (!mapping_.outcome.column.empty()) facts_.push_back({"outcome", mapping_.outcome.column});
  for (const PermissionColumn& column : mapping_.permissions) {
    Permission& permission = permissions_.emplace_back();
    permission.channel = column.channel;
    permission.purpose = column.purpose;
  }
  const auto time = [&](std::string_view path, const ActivityTime& from) {
    if (const auto* column = std::get_if<TimeColumn>(&from))
      facts_.push_back({std::string(path), column->column});
    if (std::holds_alternative<FixedTime>(from)) facts_.push_back({std::string(path), ""});
  };
  time("arrival_time", mapping_.arrival_time);
  time("outcome_time", mapping_.outcome_time);
}

std::string ImportPlan::ColumnOf(const Permission& permission) const {
  for (const PermissionColumn& column : mapping_.permissions) {
    if (column.channel == permission.channel && column.purpose == permission.purpose) return column.column;
  }
  return {};
}

std::variant<ImportedLead, Reject> ImportPlan::MapRow(absl::Span<const std::string> cells, int64_t line,
                                                      absl::Time start_time) const {
  Reading reading{.plan = *this, .cells = cells, .line = line, .start_time = start_time, .result = {}};
  if (std::optional<Reject> reject = reading.Run()) return *std::move(reject);
  reading.result.line = line;
  return std::move(reading.result);
}

Reject ImportPlan::RejectFor(const Violation& violation) const {
  const std::string& field = violation.field;
  for (const FieldColumn& column : mapping_.fields) {
    if (column.field == field) return {column.column, violation.description};
  }
  for (const AttributeColumn& column : mapping_.attributes) {
    if (fmt::format("attributes[{}]", AttributeName(column)) == field)
      return {column.column, violation.description};
  }
  if (field.starts_with("external_ids") && !mapping_.id_column.empty())
    return {mapping_.id_column, violation.description};
  return {"", fmt::format("{} {}", field, violation.description)};
}

}  // namespace finalmile::leads::domain
