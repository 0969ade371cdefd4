#pragma once

#include <cstdint>
#include <istream>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace finalmile::cli::csv {

struct Row {
  // Line on which the row starts; the first line is 1. A line ends with LF, CRLF or a lone CR, inside quotes
  // too.
  int64_t line = 0;
  std::vector<std::string> cells;
};

// Reads CSV (RFC 4180) row by row in bounded memory. Beyond the RFC: a UTF-8 byte order mark is skipped,
// lines may end with LF or a lone CR, the delimiter may be another character, and empty lines are passed
// over. Spaces belong to their cell. Cells are bytes: the encoding is not looked at, but UTF-16 and UTF-32
// files are refused.
//
// Not thread-safe; Next blocks on the stream.
class Reader {
 public:
  // The cells of a row with a byte more for each may not be larger together, which also bounds what is read
  // after a quote that is never closed.
  static constexpr size_t kMaxRowBytes = 1 << 20;

  // `input` outlives the reader and is read to its end from where it stands. `delimiter` is neither a quote
  // nor a line end.
  static absl::StatusOr<std::unique_ptr<Reader>> Open(std::istream& input, char delimiter);
  virtual ~Reader() = default;

  // Fills `row` and returns true; false at the end. INVALID_ARGUMENT names the line: a quote that is not
  // closed, a quote in the middle of a cell, a row over kMaxRowBytes; DATA_LOSS: the stream failed. After an
  // error every call repeats it; rows before it have been returned.
  virtual absl::StatusOr<bool> Next(Row& row) = 0;

  // Bytes taken from the stream up to now, for progress.
  virtual int64_t bytes_read() const = 0;
};

}  // namespace finalmile::cli::csv
