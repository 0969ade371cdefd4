#include "services/finalmile/csv/writer.h"

namespace finalmile::cli::csv {

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
    line += '"';
    for (const char c : cell) {
      if (c == '"') line += '"';
      line += c;
    }
    line += '"';
  }
  return line + "\r\n";
}

}  // namespace finalmile::cli::csv
