#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace finalmile::cli::csv {

// Turns text of another encoding into UTF-8 (iconv). Not thread-safe.
class Decoder {
 public:
  // `encoding` is a name that iconv knows ("windows-1252", "iso-8859-1", "shift_jis"). INVALID_ARGUMENT: it
  // does not, or ASCII is not itself in it (UTF-16), so that quotes and delimiters could not be found.
  static absl::StatusOr<std::unique_ptr<Decoder>> Open(const std::string& encoding);
  virtual ~Decoder() = default;
  // False, and `text` as it was: it holds bytes that the encoding does not have.
  virtual bool Decode(std::string& text) = 0;
};

// Whether bytes that are no UTF-8 may be Windows-1252: all of them are characters there.
bool LooksLikeWindows1252(std::string_view bytes);

}  // namespace finalmile::cli::csv
