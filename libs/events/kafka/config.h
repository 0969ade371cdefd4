#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"

namespace finalmile::events::kafka {

using Properties = std::vector<std::pair<std::string, std::string>>;

// What a broker asks of a batch beside the key, value and headers of its message.
inline constexpr int64_t kFramingBytes = 48'588;

struct Config {
  // "host:port,host:port".
  std::string servers;
  // Properties of librdkafka named in the URL.
  Properties properties;
  // Key plus value plus headers of one message.
  int64_t max_message_bytes = 0;
};

// Reads kafka://host:port,host:port?property=value&property=value. Values may be percent-encoded;
// `property.file=PATH` takes the value from a file (a final newline is dropped), for secrets.
// INVALID_ARGUMENT names an unknown property, one with a bad value, and one that the suite's promises depend
// on and that is therefore fixed; FAILED_PRECONDITION a file that cannot be read. The limit of a message
// follows message.max.bytes (1,048,588 by default) less kFramingBytes.
absl::StatusOr<Config> ParseUrl(std::string_view url);

}  // namespace finalmile::events::kafka
