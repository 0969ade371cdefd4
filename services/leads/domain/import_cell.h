#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/text/dates.h"
#include "services/leads/domain/import_mapping.h"

namespace finalmile::leads::domain {

// How the cells of one column are read (ColumnFormat of import.proto).
struct CellFormat {
  text::DateForm dates = text::DateForm::kUnknown;
  absl::TimeZone zone = absl::UTCTimeZone();
  // 0: not known.
  char decimal = 0;
  RangeEnd ranges = RangeEnd::kUnspecified;
  // Empty: as ColumnFormat says.
  std::string separators = {};
};

// The format of `column` as the mapping describes it: what its own entry leaves out is as for all columns.
CellFormat FormatOf(const ImportMapping& mapping, std::string_view column);

// The readings of a cell that is not empty. INVALID_ARGUMENT says in words of the mapping what is wrong with
// it, without repeating it: "is not a number".
absl::StatusOr<double> ReadNumberCell(std::string_view cell, const CellFormat& format);
absl::StatusOr<bool> ReadBooleanCell(std::string_view cell);
absl::StatusOr<absl::Time> ReadTimeCell(std::string_view cell, const CellFormat& format);
// Values that say nothing are left out.
std::vector<std::string> ReadListCell(std::string_view cell, const CellFormat& format);

// `cell` without white space and invisible characters at its ends, and without what exports put around it to
// keep spreadsheets from computing it: an apostrophe before = + - @, or ="…".
std::string_view Bare(std::string_view cell);

// Whether `cell` is what a spreadsheet shows for a formula that fails: "#N/A", "#REF!".
bool IsSpreadsheetError(std::string_view cell);

// Whether `cell` may be a phone number: it has 5 to 20 digits, not all the same, more digits than letters,
// and is neither an exponential number nor a spreadsheet's error value.
bool IsPhone(std::string_view cell);

// Whether `word` is one of `words`; both as text::Comparable gives them.
bool IsIn(const std::vector<std::string>& words, std::string_view word);
// Whether `word` is the plain opposite of one of `words`: no of yes, false of true, 0 of 1, n of y, or the
// other way round.
bool IsOppositeOf(const std::vector<std::string>& words, std::string_view word);

// The cell in quotes for a reason; at most 40 characters of it.
std::string Quoted(std::string_view cell);

}  // namespace finalmile::leads::domain
