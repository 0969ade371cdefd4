#pragma once

#include <string_view>

namespace finalmile::cli::csv {

// Reads any bytes as CSV (the first byte chooses the delimiter) and aborts when a promise of Reader is
// broken: lines rise, rows have cells, and what FormatRow writes of a row is read back as the same row. For
// fuzzers.
void FuzzReader(std::string_view bytes);

}  // namespace finalmile::cli::csv
