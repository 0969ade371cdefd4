#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace finalmile::rpc {

// A text that callers carry and cannot change: `payload` with its HMAC-SHA-256 under `key`, in base64url
// without padding. It is signed, not hidden. Pure functions.
std::string SignToken(std::string_view payload, std::string_view key);
// The payload; INVALID_ARGUMENT for anything that SignToken did not make with this key. Takes the same time
// wherever the signature differs.
absl::StatusOr<std::string> OpenToken(std::string_view token, std::string_view key);

}  // namespace finalmile::rpc
