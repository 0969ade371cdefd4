#pragma once

#include <string_view>

#include "absl/status/status.h"

namespace google::protobuf {
class Message;
}  // namespace google::protobuf

namespace finalmile::config {

// Reads one YAML document into `message`, which it clears first.
//
// Keys are the proto field names. A field takes:
//   message         a mapping; or, when its only field is repeated, the bare list: `one_of: [a, b]` is
//                   `one_of: { values: [a, b] }`
//   repeated field  a list
//   map field       a mapping
//   enum            the value's name, or what follows the enum's prefix in any case: HALF_LIFE_SHORT, short
//   bool            true or false
//   string          any scalar, as it is written; quote null and ~
//   bytes           not supported
//   Timestamp       RFC 3339: 2026-03-01T09:00:00Z
//   Duration        168h, 90m, 1.5s
//
// INVALID_ARGUMENT names the file, the line, the key and what it may be: wrong syntax, an unknown or repeated
// key, a key without value, a value of the wrong type or out of range, two members of one oneof, an alias
// (*name), more than one document. `message` is then of no use. Memory stays in proportion to the file.
// `file_name` serves for error messages only; nothing is opened. Thread-safe.
absl::Status ParseYamlMessage(std::string_view yaml, std::string_view file_name,
                              google::protobuf::Message& message);

}  // namespace finalmile::config
