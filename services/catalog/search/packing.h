#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace finalmile::catalog::search {

// Several texts as one string of bytes, and back. DATA_LOSS: no such string.
std::string Pack(std::span<const std::string_view> texts);
absl::StatusOr<std::vector<std::string>> Unpack(std::string_view bytes);

// Compressed by zlib at its fastest, and back. DATA_LOSS: no such string.
std::string Compress(std::string_view bytes);
absl::StatusOr<std::string> Decompress(std::string_view bytes);

}  // namespace finalmile::catalog::search
