#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace finalmile::cli::csv {

// One line of RFC 4180 with its CRLF; a cell is quoted where it has to be. Reader gives back the same cells,
// but for a row of one empty cell, which is quoted so as not to be an empty line.
std::string FormatRow(const std::vector<std::string>& cells, char delimiter = ',');

// The same for a file that people open in a spreadsheet, in which no cell is a formula (OWASP, CSV
// injection): all cells are quoted, and an apostrophe stands before each = + - @, tab and line end with which
// a cell begins, or what a spreadsheet with other delimiters would take for one.
std::string FormatRowForSpreadsheet(const std::vector<std::string>& cells);

}  // namespace finalmile::cli::csv
