#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace finalmile::cli::csv {

// One line of RFC 4180 with its CRLF; a cell is quoted where it has to be. Reader gives back the same cells,
// but for a row of one empty cell, which is quoted so as not to be an empty line.
std::string FormatRow(const std::vector<std::string>& cells, char delimiter = ',');

}  // namespace finalmile::cli::csv
