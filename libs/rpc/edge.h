#pragma once

#include <string_view>

#include "absl/status/status.h"
#include "google/protobuf/message.h"

// What every request passes before a handler sees it. Pure functions.
namespace finalmile::rpc {

// Parses `bytes` into `request`. INVALID_ARGUMENT for malformed bytes, for text that is not UTF-8, and for
// text that holds U+0000, naming the field by its path ("lead.external_ids[3].id").
absl::Status ParseRequest(std::string_view bytes, google::protobuf::Message& request);

// INVALID_ARGUMENT / MESSAGE_TOO_LARGE names both sizes when `size` exceeds `limit`.
absl::Status CheckSize(size_t size, size_t limit);

// The same for what a message of `size` bytes takes when it is parsed.
absl::Status CheckParsedSize(size_t size, int64_t parsed, int64_t limit);

}  // namespace finalmile::rpc
