#include "services/finalmile/commands/read_text.h"

#include <fmt/format.h>

#include <fstream>

namespace finalmile::cli {
namespace {

// "256 KiB", "8 MiB", "1000 bytes".
std::string SizeText(size_t bytes) {
  if (bytes % (1 << 20) == 0) return fmt::format("{} MiB", bytes >> 20);
  if (bytes % (1 << 10) == 0) return fmt::format("{} KiB", bytes >> 10);
  return fmt::format("{} bytes", bytes);
}

}  // namespace

absl::StatusOr<std::string> ReadText(Session& session, const std::string& path, size_t most,
                                     std::string_view flag) {
  const std::string named = flag.empty() ? path : fmt::format("{} {}", flag, path);
  std::ifstream file;
  if (path != "-") file.open(path, std::ios::binary);
  if (path != "-" && !file.is_open()) return absl::NotFoundError(fmt::format("{}: cannot be read", named));
  std::istream& from = path == "-" ? session.input : file;
  // One byte more shows that there is too much.
  std::string text(most + 1, '\0');
  from.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<size_t>(from.gcount()));
  if (from.bad() || (!from.eof() && from.fail()))
    return absl::InvalidArgumentError(fmt::format("{}: cannot be read", named));
  if (text.size() > most)
    return absl::InvalidArgumentError(fmt::format("{}: is larger than {}", named, SizeText(most)));
  return text;
}

}  // namespace finalmile::cli
