#include "services/finalmile/csv/writer.h"

#include <algorithm>
#include <iterator>
#include <string_view>

namespace finalmile::cli::csv {
namespace {

std::string InQuotes(std::string_view cell) {
  std::string quoted = "\"";
  for (const char c : cell) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + '"';
}

// Whether a spreadsheet computes what begins so; also the full-width signs, which some make plain ones.
bool BeginsFormula(std::string_view text) {
  constexpr std::string_view kSigns[] = {"=", "+", "-", "@", "＝", "＋", "－", "＠"};
  return std::any_of(std::begin(kSigns), std::end(kSigns),
                     [&](std::string_view sign) { return text.starts_with(sign); });
}

}  // namespace

std::string FormatRow(const std::vector<std::string>& cells, char delimiter) {
  std::string line;
  for (size_t i = 0; i < cells.size(); ++i) {
    if (i > 0) line += delimiter;
    const std::string& cell = cells[i];
    const bool alone = cells.size() == 1 && cell.empty();
    if (!alone && cell.find_first_of("\"\r\n") == std::string::npos &&
        cell.find(delimiter) == std::string::npos) {
      line += cell;
      continue;
    }
    line += InQuotes(cell);
  }
  return line + "\r\n";
}

std::string FormatRowForSpreadsheet(const std::vector<std::string>& cells) {
  std::string line;
  for (size_t i = 0; i < cells.size(); ++i) {
    const std::string_view cell = cells[i];
    std::string safe;
    if (cell.find_first_of("\t\r\n") == 0) safe += '\'';
    // Where a cell may begin, white space and quotes aside.
    bool begin = true;
    for (size_t at = 0; at < cell.size(); ++at) {
      if (begin && BeginsFormula(cell.substr(at))) safe += '\'';
      const char c = cell[at];
      safe += c;
      begin =
          c == ';' || c == '|' || c == '\t' || c == '\r' || c == '\n' || (begin && (c == ' ' || c == '"'));
    }
    line += (i > 0 ? "," : "") + InQuotes(safe);
  }
  return line + "\r\n";
}

}  // namespace finalmile::cli::csv
