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
  std::vector<std::string> cells = {};
  // Why the row cannot be read; its only cell is then the beginning of its first line. Empty: it was read.
  std::string fault = {};
};

// Reads CSV (RFC 4180) row by row in bounded memory. Beyond the RFC: a UTF-8 byte order mark is skipped, a
// first line "sep=;" gives the delimiter, lines may end with LF or a lone CR, the delimiter may be another
// character, empty lines are passed over, and spaces may stand around the quotes of a cell. Other spaces
// belong to their cell. Cells are bytes as they stand, or are decoded from another encoding; UTF-16 and
// UTF-32 files are refused.
//
// A fault costs its row, not the file. After a quote in the wrong place, or one that is never closed, reading
// goes on with the next line; after a row over kMaxRowBytes, or with bytes that the encoding does not have,
// behind the row.
//
// Not thread-safe; Next blocks on the stream.
class Reader {
 public:
  // The cells of a row with a byte more for each may not be larger together.
  static constexpr size_t kMaxRowBytes = 1 << 20;

  // `input` can be positioned (seekg), outlives the reader, and is read to its end from where it stands.
  // `delimiter` is neither a quote nor a line end. `encoding` (encoding.h) is what the cells are decoded
  // from; empty: they are not.
  static absl::StatusOr<std::unique_ptr<Reader>> Open(std::istream& input, char delimiter,
                                                      const std::string& encoding = "");
  virtual ~Reader() = default;

  // Fills `row`, which may have a fault, and returns true; false at the end. DATA_LOSS: the stream failed;
  // then every call repeats it.
  virtual absl::StatusOr<bool> Next(Row& row) = 0;

  // What parts the cells: that of Open, or the one that the file names.
  virtual char delimiter() const = 0;
  // Bytes taken from the stream up to now, for progress; never falls.
  virtual int64_t bytes_read() const = 0;
};

// Whether the row was read, and its cells hold white space at most.
bool IsBlank(const Row& row);
// Fills `row` with the next row that is not blank, which names the columns where it is the first.
absl::StatusOr<bool> NextFilled(Reader& reader, Row& row);

}  // namespace finalmile::cli::csv
