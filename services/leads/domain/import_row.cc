#include "services/leads/domain/import_row.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "services/leads/domain/lead_rules.h"
#include "services/leads/domain/text.h"

namespace finalmile::leads::domain {
namespace {

// Texts compare in lower case from here on.
void LowerAll(std::vector<std::string>& words) {
  for (std::string& word : words) word = Lower(Trim(word));
}

void LowerKeys(std::map<std::string, std::string>& values) {
  std::map<std::string, std::string> lower;
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

Lead Merged(Lead current, const Lead& imported) {
  for (const TextField& field : kTextFields) {
    const std::string& text = imported.*field.member;
    if (!text.empty()) current.*field.member = text;
  }
  for (const auto& [name, value] : imported.attributes) current.attributes[name] = value;
  if (imported.outcome != Outcome::kUnspecified) current.outcome = imported.outcome;
  for (const Permission& permission : imported.permissions) {
    const auto same =
        std::find_if(current.permissions.begin(), current.permissions.end(), [&](const Permission& p) {
          return p.channel == permission.channel && p.purpose == permission.purpose;
        });
    if (same == current.permissions.end()) {
      current.permissions.push_back(permission);
    } else if (same->state != permission.state) {
      *same = permission;
    }
  }
  return current;
}

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
    for (auto step : {&Reading::Id, &Reading::Attributes, &Reading::Fields, &Reading::Outcomes,
                      &Reading::Permissions, &Reading::Activities}) {
      if (std::optional<Reject> reject = (this->*step)()) return reject;
    }
    Normalise(result.lead);
    const std::vector<Violation> violations = Validate(result.lead);
    if (violations.empty()) return std::nullopt;
    return plan.RejectFor(violations.front());
  }

  std::optional<Reject> Id() {
    std::string id = std::to_string(line);
    if (!mapping().id_column.empty()) {
      id = std::string(Cell(mapping().id_column));
      if (id.empty()) return Reject{mapping().id_column, "is empty, but identifies the row"};
    }
    result.lead.external_ids.push_back({plan.source_, std::move(id)});
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

  std::optional<Reject> Permissions() {
    for (const PermissionColumn& column : mapping().permissions) {
      const std::string_view cell = Cell(column.column);
      if (cell.empty()) continue;
      const bool denied = IsIn(column.denied, cell);
      if (!denied && !IsIn(column.allowed, cell)) continue;
      result.lead.permissions.push_back(
          {.channel = column.channel,
           .purpose = column.purpose,
           .state = denied ? PermissionState::kDenied : PermissionState::kAllowed,
           .basis = "stated in import",
           .source = plan.source_,
           .time = start_time});
    }
    return std::nullopt;
  }

  std::optional<Reject> Activities() {
    for (const ActivityColumn& column : mapping().activities) {
      const std::string_view cell = Cell(column.column);
      if (cell.empty()) continue;
      Activity activity;
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
        } else if (const auto* least = std::get_if<WhenAtLeast>(&column.count)) {
          if (*number < least->value) continue;
        } else if (*number == 0) {
          continue;
        }
        if (column.cell_is_seconds) activity.seconds = *number;
      }
      if (std::optional<Reject> reject = Date(column, activity)) return reject;
      activity.activity_id = ActivityId(column);
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

  std::string ActivityId(const ActivityColumn& column) const {
    const std::string key = fmt::format("{}\x1f{}\x1f{}\x1f{}", result.lead.external_ids.front().id,
                                        column.column, column.type, column.subject);
    return fmt::format("{:016x}{:016x}", StableHash(key, 1), StableHash(key, 2));
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
