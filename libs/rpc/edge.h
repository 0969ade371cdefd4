#pragma once

#include <string_view>

#include "absl/status/status.h"
#include "google/protobuf/message.h"

// What every request passes before a handler sees it. Pure functions.
namespace finalmile::rpc {

// Parses `bytes` into `request`, or a record of a topic that others write. INVALID_ARGUMENT for malformed
// bytes and for text that is not UTF-8; for a Create or Update request without its resource; naming the field
// by its path ("lead.external_ids[3].id"), for a name of a resource that is not written as the option
// (finalmile.v1.resource) says, for text that holds U+0000, for timestamps outside the years 1 to
// 9999 or with nanos outside 0 to 999,999,999, and for durations that google/protobuf/duration.proto does not
// allow: neither could be written as JSON.
absl::Status ParseRequest(std::string_view bytes, google::protobuf::Message& request);

// INVALID_ARGUMENT / MESSAGE_TOO_LARGE names both sizes when `size` exceeds `limit`.
absl::Status CheckSize(size_t size, size_t limit);

// The same for what a message of `size` bytes takes when it is parsed.
absl::Status CheckParsedSize(size_t size, int64_t parsed, int64_t limit);

}  // namespace finalmile::rpc
