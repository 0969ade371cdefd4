#include "services/finalmile/import/column_formats.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include "absl/types/span.h"
#include "libs/base/status.h"
#include "libs/text/dates.h"
#include "libs/text/normal.h"
#include "libs/text/numbers.h"

namespace finalmile::cli {
namespace {

using leads::v1::ActivityColumn;
using leads::v1::AttributeColumn;
using leads::v1::ColumnFormat;
using leads::v1::ImportMapping;

enum class Kind { kDate, kNumber, kList };

// A way in which the cells of a column may be written, as the mapping describes it and people read it.
struct Way {
  std::string_view described;
  std::string_view told;
};
constexpr std::array<Way, 3> kDates = {{{"dd-mm-yyyy", "dates begin with the day"},
                                        {"mm-dd-yyyy", "dates begin with the month"},
                                        {"yyyy-mm-dd", "dates begin with the year"}}};
constexpr std::array<Way, 2> kNumbers = {{{".", "the point is before the fraction of numbers"},
                                          {",", "the comma is before the fraction of numbers"}}};
constexpr std::array<Way, 1> kLists = {{{";|\n\r", "commas do not part the values"}}};

absl::Span<const Way> WaysOf(Kind kind) {
  if (kind == Kind::kDate) return kDates;
  return kind == Kind::kNumber ? absl::Span<const Way>(kNumbers) : absl::Span<const Way>(kLists);
}

// What the cells of a column show.
struct Evidence {
  std::string column;
  Kind kind = Kind::kDate;
  size_t at = 0;
  // Per way: the first line that shows it; 0: none does.
  std::array<int64_t, 3> shown = {};
  // Whether a cell could mean two things.
  bool open = false;
};

std::vector<std::pair<std::string, Kind>> ColumnsWithForms(const ImportMapping& mapping) {
  std::vector<std::pair<std::string, Kind>> columns;
  std::set<std::string> dates = {mapping.activity_time().column(), mapping.arrival_time().column(),
                                 mapping.outcome_time().column()};
  for (const leads::v1::PermissionColumn& column : mapping.permissions()) dates.insert(column.time_column());
  dates.erase("");
  for (const std::string& column : dates) columns.emplace_back(column, Kind::kDate);
  for (const AttributeColumn& column : mapping.attributes()) {
    if (column.type() == leads::v1::ATTRIBUTE_TYPE_NUMBER)
      columns.emplace_back(column.column(), Kind::kNumber);
    if (column.type() == leads::v1::ATTRIBUTE_TYPE_LIST) columns.emplace_back(column.column(), Kind::kList);
  }
  for (const ActivityColumn& column : mapping.activities()) {
    if (!column.has_when()) columns.emplace_back(column.column(), Kind::kNumber);
  }
  return columns;
}

std::optional<size_t> Find(const std::vector<std::string>& header, const std::string& name) {
  const auto exact = std::find(header.begin(), header.end(), name);
  if (exact != header.end()) return static_cast<size_t>(exact - header.begin());
  for (size_t i = 0; i < header.size(); ++i) {
    if (text::Comparable(header[i]) == text::Comparable(name)) return i;
  }
  return std::nullopt;
}

// The entry of the column, empty for all columns; null: there is none.
ColumnFormat* EntryOf(ImportMapping& mapping, const std::string& column) {
  for (ColumnFormat& format : *mapping.mutable_formats()) {
    if (text::Comparable(format.column()) == text::Comparable(column)) return &format;
  }
  return nullptr;
}

ColumnFormat& EntryFor(ImportMapping& mapping, const std::string& column) {
  ColumnFormat* known = EntryOf(mapping, column);
  if (known != nullptr) return *known;
  ColumnFormat& fresh = *mapping.add_formats();
  fresh.set_column(column);
  return fresh;
}

const std::string& Described(const ColumnFormat& format, Kind kind) {
  if (kind == Kind::kDate) return format.dates();
  return kind == Kind::kNumber ? format.decimal() : format.separators();
}

bool IsDescribed(ImportMapping& mapping, const std::string& column, Kind kind) {
  for (const std::string& entry : {column, std::string()}) {
    const ColumnFormat* format = EntryOf(mapping, entry);
    if (format != nullptr && !Described(*format, kind).empty()) return true;
  }
  return false;
}

// The way that the cell shows; nullopt, and maybe open: it shows none.
std::optional<size_t> WayOf(const std::string& cell, Kind kind, bool& open) {
  switch (kind) {
    case Kind::kDate: {
      const auto read = text::ReadDate(cell, text::DateForm::kUnknown, absl::UTCTimeZone());
      open = read.kind == text::DateReading::Kind::kAmbiguous;
      const text::DateForm shown = text::DateFormShownBy(cell);
      if (shown == text::DateForm::kDayFirst) return 0;
      if (shown == text::DateForm::kMonthFirst) return 1;
      if (shown == text::DateForm::kYearFirst) return 2;
      return std::nullopt;
    }
    case Kind::kNumber: {
      open = text::ReadNumber(cell, 0).kind == text::NumberReading::Kind::kAmbiguous;
      const char shown = text::DecimalShownBy(cell);
      if (shown == 0) return std::nullopt;
      return shown == '.' ? 0 : 1;
    }
    case Kind::kList:
      break;
  }
  if (cell.find_first_of(";|\n\r") != std::string::npos) return 0;
  // Commas in brackets part the values in any case.
  open = cell.find(',') != std::string::npos && !text::TrimSpace(cell).starts_with('[');
  return std::nullopt;
}

void Look(const std::string& cell, int64_t line, Evidence& evidence) {
  bool open = false;
  const std::optional<size_t> way = WayOf(cell, evidence.kind, open);
  evidence.open = evidence.open || open;
  if (way && evidence.shown[*way] == 0) evidence.shown[*way] = line;
}

// Writes the way that the evidence shows into the mapping; the text for people.
std::string Describe(const Evidence& evidence, ImportMapping& mapping) {
  const auto shown =
      std::find_if(evidence.shown.begin(), evidence.shown.end(), [](int64_t line) { return line > 0; });
  const Way& way = WaysOf(evidence.kind)[static_cast<size_t>(shown - evidence.shown.begin())];
  ColumnFormat& format = EntryFor(mapping, evidence.column);
  std::string* described = evidence.kind == Kind::kDate     ? format.mutable_dates()
                           : evidence.kind == Kind::kNumber ? format.mutable_decimal()
                                                            : format.mutable_separators();
  *described = way.described;
  return fmt::format("Column '{}': {}, as line {} shows.", evidence.column, way.told, *shown);
}

}  // namespace

absl::StatusOr<std::vector<std::string>> RecogniseFormats(csv::Reader& reader, const std::string& zone,
                                                          ImportMapping& mapping) {
  csv::Row row;
  ASSIGN_OR_RETURN(bool more, csv::NextFilled(reader, row));
  std::vector<Evidence> columns;
  bool dates = false;
  for (const auto& [column, kind] : ColumnsWithForms(mapping)) {
    const std::optional<size_t> at = Find(row.cells, column);
    if (!at) continue;
    dates = dates || kind == Kind::kDate;
    if (!IsDescribed(mapping, column, kind)) columns.push_back({.column = column, .kind = kind, .at = *at});
  }
  const ColumnFormat* all = EntryOf(mapping, "");
  if (dates && !zone.empty() && (all == nullptr || all->zone().empty())) EntryFor(mapping, "").set_zone(zone);
  while (more && !columns.empty()) {
    ASSIGN_OR_RETURN(more, reader.Next(row));
    if (!more || !row.fault.empty()) continue;
    for (Evidence& evidence : columns) {
      if (evidence.at < row.cells.size()) Look(row.cells[evidence.at], row.line, evidence);
    }
  }
  std::vector<std::string> told;
  for (const Evidence& evidence : columns) {
    const auto ways =
        std::count_if(evidence.shown.begin(), evidence.shown.end(), [](int64_t line) { return line > 0; });
    if (evidence.open && ways == 1) told.push_back(Describe(evidence, mapping));
  }
  return told;
}

}  // namespace finalmile::cli
