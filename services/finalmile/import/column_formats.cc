#include "services/finalmile/import/column_formats.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

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

// The two ways in which the cells of a column may be written, and what its cells show.
struct Evidence {
  std::string column;
  Kind kind = Kind::kDate;
  size_t at = 0;
  // The first line that shows the way: day first, the point, signs other than commas; and the other way.
  int64_t one = 0;
  int64_t other = 0;
  // Whether a cell could mean two things.
  bool open = false;
};

std::vector<std::pair<std::string, Kind>> ColumnsWithForms(const ImportMapping& mapping) {
  std::vector<std::pair<std::string, Kind>> columns;
  if (!mapping.activity_time().column().empty())
    columns.emplace_back(mapping.activity_time().column(), Kind::kDate);
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

void Look(const std::string& cell, int64_t line, Evidence& evidence) {
  bool one = false, other = false;
  switch (evidence.kind) {
    case Kind::kDate: {
      const text::DateForm shown = text::DateFormShownBy(cell);
      one = shown == text::DateForm::kDayFirst;
      other = shown == text::DateForm::kMonthFirst;
      evidence.open =
          evidence.open || text::ReadDate(cell, text::DateForm::kUnknown, absl::UTCTimeZone()).kind ==
                               text::DateReading::Kind::kAmbiguous;
      break;
    }
    case Kind::kNumber: {
      const char shown = text::DecimalShownBy(cell);
      one = shown == '.';
      other = shown == ',';
      evidence.open =
          evidence.open || text::ReadNumber(cell, 0).kind == text::NumberReading::Kind::kAmbiguous;
      break;
    }
    case Kind::kList:
      one = cell.find_first_of(";|\n\r") != std::string::npos;
      // Commas in brackets part the values in any case.
      evidence.open = evidence.open || (!one && cell.find(',') != std::string::npos &&
                                        !text::TrimSpace(cell).starts_with('['));
      break;
  }
  if (one && evidence.one == 0) evidence.one = line;
  if (other && evidence.other == 0) evidence.other = line;
}

// Writes what the evidence decides into the mapping; the text for people.
std::string Describe(const Evidence& evidence, ImportMapping& mapping) {
  ColumnFormat& format = EntryFor(mapping, evidence.column);
  const int64_t line = evidence.one + evidence.other;
  std::string told;
  switch (evidence.kind) {
    case Kind::kDate:
      format.set_dates(evidence.one > 0 ? "dd-mm-yyyy" : "mm-dd-yyyy");
      told = fmt::format("dates begin with the {}", evidence.one > 0 ? "day" : "month");
      break;
    case Kind::kNumber:
      format.set_decimal(evidence.one > 0 ? "." : ",");
      told = fmt::format("the {} is before the fraction of numbers", evidence.one > 0 ? "point" : "comma");
      break;
    case Kind::kList:
      format.set_separators(";|\n\r");
      told = "commas do not part the values";
      break;
  }
  return fmt::format("Column '{}': {}, as line {} shows.", evidence.column, told, line);
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
    const bool decided = (evidence.one > 0) != (evidence.other > 0);
    if (evidence.open && decided) told.push_back(Describe(evidence, mapping));
  }
  return told;
}

}  // namespace finalmile::cli
