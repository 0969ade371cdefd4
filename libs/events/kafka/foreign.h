#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "libs/events/kafka/config.h"

namespace finalmile::events::kafka {

// A record as programs of others may make it and ours does not: absent is null, which is not the same as
// empty.
struct ForeignRecord {
  std::string topic;
  std::optional<std::string> key;
  std::optional<std::string> value;
  std::vector<std::pair<std::string, std::optional<std::string>>> headers = {};
};

// For tests: appends a record by a producer of its own and waits, for `timeout` at most, until it is stored.
absl::Status AppendForeign(const Config& config, const ForeignRecord& record, absl::Duration timeout);

}  // namespace finalmile::events::kafka
