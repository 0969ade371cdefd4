#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace finalmile::rpc {

// The etag of a row's version (AIP-154). Opaque to callers; equal versions have equal etags.
std::string Etag(int64_t version);

// OK when `etag`, from a request, is empty or that of `version`; else ABORTED / ETAG_MISMATCH naming
// `resource`.
absl::Status CheckEtag(std::string_view etag, int64_t version, std::string_view resource);

}  // namespace finalmile::rpc
