#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "libs/events/event_log.h"

namespace finalmile::events {

// Headers as one byte string, for a column of a store: for each name and value its length in four
// little-endian bytes, then its bytes.
std::string EncodeHeaders(const Headers& headers);
// Reads bytes of EncodeHeaders. DATA_LOSS for any others.
absl::StatusOr<Headers> DecodeHeaders(std::string_view bytes);

}  // namespace finalmile::events
