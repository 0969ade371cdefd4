#include "services/leads/domain/import_row.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "services/leads/domain/import_cell.h"
#include "services/leads/domain/lead_rules.h"
#include "services/leads/domain/text.h"

namespace finalmile::leads::domain {
namespace {

std::string Translate(const std::map<std::string, std::string>& values, std::string_view cell) {
  if (values.empty()) return std::string(cell);
  const auto found = values.find(text::Comparable(cell));
  return found == values.end() ? std::string(cell) : found->second;
}

bool IsBlank(absl::Span<const std::string> cells) {
  return std::all_of(cells.begin(), cells.end(),
                     [](const std::string& cell) { return text::TrimSpace(cell).empty(); });
}

}  // namespace

// The reading of one row. Each step gives the reject that ends it, if any; a cell that it cannot read it
// notes and passes over.
struct ImportPlan::Reading {
  const ImportPlan& plan;
  absl::Span<const std::string> cells;
  int64_t line;
  absl::Time start_time;
  ImportedLead result;

  const ImportMapping& mapping() const { return plan.mapping_; }

  // The trimmed cell; empty when it means "not answered".
  std::string_view Cell(const std::string& column, const std::vector<std::string>& null_words = {}) const {
    const size_t at = plan.IndexOf(column);
    if (at >= cells.size() || text::SaysNothing(cells[at])) return {};
    const std::string_view cell = Bare(cells[at]);
    if (mapping().null_words.empty() && null_words.empty()) return cell;
    const std::string word = text::Comparable(cell);
    return IsIn(mapping().null_words, word) || IsIn(null_words, word) ? std::string_view() : cell;
  }
  const CellFormat& Format(const std::string& column) const { return plan.formats_[plan.IndexOf(column)]; }

  void Unread(const std::string& column, std::string reason) {
    const auto known = std::find_if(result.unread.begin(), result.unread.end(),
                                    [&](const Reject& one) { return one.column == column; });
    if (known == result.unread.end()) result.unread.push_back({column, std::move(reason)});
  }

  // The value of a reading; nullopt, and noted: there is none.
  template <class Value>
  std::optional<Value> Take(const std::string& column, absl::StatusOr<Value> read) {
    if (read.ok()) return *std::move(read);
    Unread(column, std::string(read.status().message()));
    return std::nullopt;
  }

  // Whether the cell is an error of the spreadsheet that the file is from; notes it.
  bool IsError(const std::string& column, std::string_view cell) {
    if (!IsSpreadsheetError(cell)) return false;
    Unread(column, "is an error value of a spreadsheet");
    return true;
  }

  std::optional<Reject> Run() {
    if (IsBlank(cells)) return Reject{"", "is blank"};
    const size_t columns = plan.columns_.size();
    if (cells.size() > columns && !IsBlank(cells.subspan(columns))) {
      return Reject{"", fmt::format("has {} cells, the header has {}", cells.size(), columns)};
    }
    for (auto step : {&Reading::Id, &Reading::Attributes, &Reading::Fields, &Reading::Gates,
                      &Reading::Outcomes, &Reading::Times, &Reading::Permissions, &Reading::Activities}) {
      if (std::optional<Reject> reject = (this->*step)()) return reject;
    }
    Normalise(result.lead);
    for (const Violation& violation : Validate(result.lead)) {
      Reject reject = plan.RejectFor(violation);
      if (!LeaveOut(reject.column)) return reject;
      Unread(reject.column, reject.reason);
    }
    return std::nullopt;
  }

  // Takes the fact of the column from the lead; false: it gives none that the lead could be without.
  bool LeaveOut(std::string_view column) {
    for (const FieldColumn& field : mapping().fields) {
      if (field.column != column) continue;
      (result.lead.*FindTextField(field.field)->member).clear();
      return true;
    }
    for (const AttributeColumn& attribute : mapping().attributes) {
      if (attribute.column != column) continue;
      result.lead.attributes.erase(AttributeName(attribute));
      return true;
    }
    return false;
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
      const std::string_view cell = Cell(column.column, column.null_words);
      if (cell.empty() || IsError(column.column, cell)) continue;
      if (auto value = AttributeOf(column, cell)) {
        result.lead.attributes[AttributeName(column)] = *std::move(value);
      }
    }
    return std::nullopt;
  }

  std::optional<AttributeValue> AttributeOf(const AttributeColumn& column, std::string_view cell) {
    if (column.type == AttributeType::kList) {
      std::vector<std::string> values = ReadListCell(cell, Format(column.column));
      for (std::string& value : values) value = Translate(column.values, value);
      if (values.empty()) return std::nullopt;
      return values;
    }
    std::string text = Translate(column.values, cell);
    if (column.type == AttributeType::kNumber)
      return Take(column.column, ReadNumberCell(text, Format(column.column)));
    if (column.type == AttributeType::kBoolean) return Take(column.column, ReadBooleanCell(text));
    return text;
  }

  std::optional<Reject> Fields() {
    for (const FieldColumn& column : mapping().fields) {
      const std::string_view cell = Cell(column.column);
      if (IsError(column.column, cell)) continue;
      std::string text = Translate(column.values, cell);
      if (column.field == "phone" && !text.empty() && !IsPhone(text)) {
        Unread(column.column, "is not a phone number");
        continue;
      }
      result.lead.*FindTextField(column.field)->member = std::move(text);
    }
    return std::nullopt;
  }

  std::optional<Reject> Outcomes() {
    const OutcomeColumn& column = mapping().outcome;
    if (column.column.empty()) return std::nullopt;
    const std::string_view cell = Cell(column.column, column.null_words);
    if (cell.empty()) return std::nullopt;
    const std::string word = text::Comparable(cell);
    if (IsIn(column.positive, word)) {
      result.lead.outcome = Outcome::kPositive;
    } else if (IsIn(column.negative, word) ||
               (column.negative.empty() && IsOppositeOf(column.positive, word))) {
      result.lead.outcome = Outcome::kNegative;
    } else {
      Unread(column.column,
             fmt::format("{} is listed neither under positive nor under negative; list it there, or "
                         "under null_words where it says nothing",
                         Quoted(cell)));
    }
    return std::nullopt;
  }

  std::optional<Reject> Gates() {
    for (const GateColumn& column : mapping().gates) {
      const std::string_view cell = Cell(column.column);
      if (cell.empty()) continue;
      const std::string word = text::Comparable(cell);
      if (const auto found = column.values.find(word); found != column.values.end()) {
        if (std::count(result.lead.gates.begin(), result.lead.gates.end(), found->second) == 0)
          result.lead.gates.push_back(found->second);
      } else if (!IsIn(column.none, word) && std::count(column.none.begin(), column.none.end(), "*") == 0) {
        return Reject{column.column,
                      fmt::format("{} is neither among the values nor under none", Quoted(cell))};
      }
    }
    std::sort(result.lead.gates.begin(), result.lead.gates.end());
    return std::nullopt;
  }

  std::optional<Reject> Times() {
    TimeOf(mapping().arrival_time, result.lead.arrival_time);
    if (result.lead.outcome != Outcome::kUnspecified)
      TimeOf(mapping().outcome_time, result.lead.outcome_time);
    return std::nullopt;
  }

  // Gives `to` the moment that the mapping or a cell names; it stays where none does.
  void TimeOf(const ActivityTime& from, absl::Time& to) {
    if (const auto* in_row = std::get_if<TimeColumn>(&from)) {
      const std::string_view cell = Cell(in_row->column);
      if (cell.empty()) return;
      if (auto time = Take(in_row->column, ReadTimeCell(cell, Format(in_row->column)))) to = *time;
    } else if (const auto* fixed = std::get_if<FixedTime>(&from)) {
      to = fixed->time;
    }
  }

  std::optional<Reject> Permissions() {
    for (const PermissionColumn& column : mapping().permissions) {
      const std::string_view cell = Cell(column.column, column.null_words);
      if (cell.empty()) continue;
      const std::string word = text::Comparable(cell);
      const bool denied = IsIn(column.denied, word);
      if (!denied && !IsIn(column.allowed, word)) {
        const std::vector<std::string>& listed = column.denied.empty() ? column.allowed : column.denied;
        if ((column.denied.empty() || column.allowed.empty()) && IsOppositeOf(listed, word)) continue;
        return Reject{column.column,
                      fmt::format("{} is listed neither under denied nor under allowed; list it there, "
                                  "or under null_words where it says nothing",
                                  Quoted(cell))};
      }
      absl::Time said = start_time;
      if (!column.time_column.empty()) {
        TimeOf(TimeColumn{column.time_column}, said);
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
      ImportedActivity activity;
      if (!Happened(column, activity) || !Date(column, activity)) continue;
      activity.source = plan.source_;
      activity.type = column.type;
      activity.subject = column.subject;
      activity.key = fmt::format("{}\x1f{}\x1f{}\x1f{}", activity.counter ? 'n' : 'w', column.column,
                                 column.type, column.subject);
      result.activities.push_back(std::move(activity));
    }
    return std::nullopt;
  }

  // Whether the cell tells of an activity; gives its count and seconds.
  bool Happened(const ActivityColumn& column, ImportedActivity& activity) {
    const std::string_view cell = Cell(column.column, column.null_words);
    if (cell.empty()) return false;
    if (const auto* when = std::get_if<When>(&column.count)) {
      const std::string word = text::Comparable(cell);
      if (IsIn(when->values, word)) return true;
      if (!IsOppositeOf(when->values, word)) {
        Unread(column.column,
               fmt::format(
                   "{} is not listed under when; list it there, or under null_words where nothing happened",
                   Quoted(cell)));
      }
      return false;
    }
    const std::optional<double> number = Take(column.column, ReadNumberCell(cell, Format(column.column)));
    if (!number) return false;
    if (*number < 0) {
      Unread(column.column, "is not a number of at least 0");
      return false;
    }
    if (std::holds_alternative<CellIsCount>(column.count)) {
      activity.count = static_cast<int32_t>(std::min<double>(std::floor(*number), kMaxActivityCount));
      if (activity.count == 0) return false;
      activity.counter = true;
      activity.total = activity.count;
    } else if (const auto* least = std::get_if<WhenAtLeast>(&column.count)) {
      if (*number < least->value) return false;
    } else if (*number == 0) {
      return false;
    }
    if (column.cell_is_seconds) {
      activity.seconds = activity.total = *number;
      activity.counter = true;
    }
    return true;
  }

  // Gives the activity its time; false: it has none that can be read.
  bool Date(const ActivityColumn& column, Activity& activity) {
    absl::Time time = start_time;
    std::string time_column = column.column;
    if (const auto* in_row = std::get_if<TimeColumn>(&mapping().activity_time)) {
      time_column = in_row->column;
      const std::optional<absl::Time> read = TimeIn(time_column);
      if (!read) return false;
      time = *read;
    } else if (const auto* fixed = std::get_if<FixedTime>(&mapping().activity_time)) {
      time = fixed->time;
    } else if (const auto* before = std::get_if<HoursBeforeImport>(&mapping().activity_time)) {
      time -= absl::Hours(before->hours);
    }
    activity.event_time = time - absl::Hours(column.hours_before);
    if (activity.event_time < kEarliestActivity) {
      Unread(time_column, "puts an activity before the year 2000");
      return false;
    }
    if (activity.event_time > start_time + kMaxFuture) {
      Unread(time_column, "puts an activity into the future");
      return false;
    }
    return true;
  }

  // The moment in a cell that has to hold one.
  std::optional<absl::Time> TimeIn(const std::string& column) {
    const std::string_view cell = Cell(column);
    if (cell.empty()) {
      Unread(column, "is empty, but dates what the row tells of");
      return std::nullopt;
    }
    return Take(column, ReadTimeCell(cell, Format(column)));
  }
};

std::variant<ImportedLead, Reject> ImportPlan::MapRow(absl::Span<const std::string> cells, int64_t line,
                                                      absl::Time start_time) const {
  Reading reading{.plan = *this, .cells = cells, .line = line, .start_time = start_time, .result = {}};
  if (std::optional<Reject> reject = reading.Run()) return *std::move(reject);
  reading.result.line = line;
  return std::move(reading.result);
}

}  // namespace finalmile::leads::domain
