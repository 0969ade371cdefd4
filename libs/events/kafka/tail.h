#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/events/event_log.h"
#include "libs/events/kafka/config.h"

namespace finalmile::events::kafka {

// Reads every partition of `topics` outside any group. Blocks until `deadline` at most, to ask the broker
// where the partitions start and end now; then UNAVAILABLE. A partition trimmed under the reader goes on at
// its start. `config`, `clock` and `wake` must outlive the tail.
absl::StatusOr<std::unique_ptr<Tail>> OpenTail(const Config& config, Clock& clock,
                                               const std::vector<std::string>& topics, TailFrom from,
                                               absl::Duration deadline, WaitEvent& wake);

}  // namespace finalmile::events::kafka
