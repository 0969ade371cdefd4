#include "services/leads/domain/import_cell.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <utility>

#include "libs/text/numbers.h"
#include "libs/text/words.h"
#include "services/leads/domain/text.h"

namespace finalmile::leads::domain {
namespace {

constexpr std::array<std::pair<std::string_view, std::string_view>, 4> kOpposites = {
    {{"yes", "no"}, {"true", "false"}, {"1", "0"}, {"y", "n"}}};

void Apply(const ColumnFormat& from, CellFormat& to) {
  if (const auto form = text::ParseDateForm(from.dates)) to.dates = *form;
  if (from.loaded_zone) to.zone = *from.loaded_zone;
  if (!from.decimal.empty()) to.decimal = from.decimal[0];
  if (from.ranges != RangeEnd::kUnspecified) to.ranges = from.ranges;
  if (!from.separators.empty()) to.separators = from.separators;
}

// The number that stands for the range.
double EndOf(const text::NumberReading& range, RangeEnd end) {
  if (end == RangeEnd::kLower || std::isinf(range.upper)) return range.value;
  return end == RangeEnd::kUpper ? range.upper : (range.value + range.upper) / 2;
}

}  // namespace

CellFormat FormatOf(const ImportMapping& mapping, std::string_view column) {
  CellFormat format;
  for (const ColumnFormat& one : mapping.formats) {
    if (one.column.empty()) Apply(one, format);
  }
  for (const ColumnFormat& one : mapping.formats) {
    if (!one.column.empty() && text::Comparable(one.column) == text::Comparable(column)) Apply(one, format);
  }
  return format;
}

absl::StatusOr<double> ReadNumberCell(std::string_view cell, const CellFormat& format) {
  const text::NumberReading number = text::ReadNumber(cell, format.decimal);
  switch (number.kind) {
    case text::NumberReading::Kind::kNumber:
      return number.value;
    case text::NumberReading::Kind::kRange:
      if (format.ranges != RangeEnd::kUnspecified) return EndOf(number, format.ranges);
      return absl::InvalidArgumentError("is a range; say under formats what it stands for (ranges: lower)");
    case text::NumberReading::Kind::kAmbiguous:
      return absl::InvalidArgumentError(
          "may be a thousand or a fraction; say under formats which sign is before the fraction (decimal: "
          "\",\")");
    case text::NumberReading::Kind::kNone:
      break;
  }
  if (format.decimal == 0) return absl::InvalidArgumentError("is not a number");
  return absl::InvalidArgumentError(
      fmt::format("is not a number with {} before the fraction", format.decimal));
}

absl::StatusOr<bool> ReadBooleanCell(std::string_view cell) {
  const std::string word = text::Comparable(cell);
  for (const auto& [yes, no] : kOpposites) {
    if (word == yes) return true;
    if (word == no) return false;
  }
  return absl::InvalidArgumentError("is neither yes nor no");
}

absl::StatusOr<absl::Time> ReadTimeCell(std::string_view cell, const CellFormat& format) {
  const text::DateReading date = text::ReadDate(cell, format.dates, format.zone);
  switch (date.kind) {
    case text::DateReading::Kind::kTime:
      return date.time;
    case text::DateReading::Kind::kAmbiguous:
      return absl::InvalidArgumentError(
          "may begin with the day or with the month; say under formats which (dates: dd-mm-yyyy)");
    case text::DateReading::Kind::kNone:
      break;
  }
  if (format.dates == text::DateForm::kUnknown) return absl::InvalidArgumentError("is not a date");
  return absl::InvalidArgumentError("is not a date of the form that formats gives for the column");
}

std::vector<std::string> ReadListCell(std::string_view cell, const CellFormat& format) {
  cell = text::TrimSpace(cell);
  const bool in_brackets = cell.size() >= 2 && cell.front() == '[' && cell.back() == ']';
  if (in_brackets) cell = cell.substr(1, cell.size() - 2);
  std::string separators = format.separators.empty() ? ";|\n\r" : format.separators;
  const bool parted = cell.find_first_of(separators) != std::string_view::npos;
  if (!parted && (in_brackets || format.separators.empty())) separators = ",";
  std::vector<std::string> values;
  for (size_t begin = 0; begin <= cell.size();) {
    const size_t end = std::min(cell.find_first_of(separators, begin), cell.size());
    std::string_view value = text::TrimSpace(cell.substr(begin, end - begin));
    if (value.size() >= 2 && (value.front() == '"' || value.front() == '\'') &&
        value.back() == value.front()) {
      value = text::TrimSpace(value.substr(1, value.size() - 2));
    }
    if (!text::SaysNothing(value)) values.emplace_back(value);
    begin = end + 1;
  }
  return values;
}

std::string_view Bare(std::string_view cell) {
  cell = text::TrimSpace(cell);
  constexpr std::string_view kSigns = "=+-@";
  if (cell.size() >= 2 && cell[0] == '\'' && kSigns.find(cell[1]) != std::string_view::npos) {
    cell.remove_prefix(1);
  } else if (cell.size() >= 3 && cell.starts_with("=\"") && cell.ends_with('"')) {
    cell = text::TrimSpace(cell.substr(2, cell.size() - 3));
  }
  return cell;
}

bool IsSpreadsheetError(std::string_view cell) {
  constexpr std::string_view kErrors[] = {"#n/a",   "#ref!", "#value!", "#name?", "#div/0!",
                                          "#null!", "#num!", "#spill!", "#calc!"};
  const std::string word = text::Comparable(cell);
  return std::find(std::begin(kErrors), std::end(kErrors), word) != std::end(kErrors);
}

bool IsPhone(std::string_view cell) {
  const std::string plain = Lower(text::ResolveForms(cell));
  if (plain.starts_with('#')) return false;
  size_t digits = 0, letters = 0;
  bool differ = false;
  char first = 0;
  for (size_t i = 0; i < plain.size(); i += text::CharacterBytes(plain, i)) {
    const char c = plain[i];
    if (c >= '0' && c <= '9') {
      // "4.47912e+11": what a spreadsheet makes of a long number.
      if (i >= 2 && plain[i - 1] == '+' && plain[i - 2] == 'e' && digits > 0) return false;
      if (digits++ == 0) first = c;
      differ = differ || c != first;
    } else if ((c >= 'a' && c <= 'z') || static_cast<unsigned char>(c) >= 0x80) {
      ++letters;
    }
  }
  return digits >= 5 && digits <= 20 && digits > letters && differ;
}

bool IsIn(const std::vector<std::string>& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

bool IsOppositeOf(const std::vector<std::string>& words, std::string_view word) {
  return std::any_of(kOpposites.begin(), kOpposites.end(), [&](const auto& pair) {
    return (word == pair.second && IsIn(words, pair.first)) ||
           (word == pair.first && IsIn(words, pair.second));
  });
}

std::string Quoted(std::string_view cell) {
  size_t at = 0;
  for (int i = 0; i < 40 && at < cell.size(); ++i) at += text::CharacterBytes(cell, at);
  return fmt::format("\"{}{}\"", cell.substr(0, at), at < cell.size() ? "…" : "");
}

}  // namespace finalmile::leads::domain
