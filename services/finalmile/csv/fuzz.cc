#include "services/finalmile/csv/fuzz.h"

#include <cstdlib>
#include <sstream>
#include <string>

#include "libs/base/text.h"
#include "services/finalmile/csv/reader.h"
#include "services/finalmile/csv/writer.h"

namespace finalmile::cli::csv {
namespace {

void Require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

void FuzzReader(std::string_view bytes) {
  if (bytes.empty()) return;
  constexpr std::string_view kDelimiters = ",;\t|";
  const char delimiter = kDelimiters[static_cast<unsigned char>(bytes[0]) % kDelimiters.size()];
  std::istringstream input{std::string(bytes.substr(1))};
  auto reader = Reader::Open(input, delimiter);
  if (!reader.ok()) return;
  int64_t line = 0;
  Row row;
  while ((*reader)->Next(row).value_or(false)) {
    Require(row.line > line);
    Require(!row.cells.empty());
    line = row.line;

    // A byte order mark at the start of a cell, or a separator's line, would be taken for the file's own.
    if (row.cells[0].starts_with("\xEF\xBB\xBF") || row.cells[0].starts_with("\xFF\xFE") ||
        row.cells[0].starts_with("\xFE\xFF") || row.cells[0].starts_with('\0') ||
        EqualsIgnoringCase(row.cells[0].substr(0, 4), "sep=")) {
      continue;
    }
    std::istringstream again_input(FormatRow(row.cells, delimiter));
    auto again_reader = Reader::Open(again_input, delimiter);
    Require(again_reader.ok());
    Row again;
    const absl::StatusOr<bool> read = (*again_reader)->Next(again);
    Require(read.ok() && *read && again.cells == row.cells);
  }
}

}  // namespace finalmile::cli::csv
