#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/events/event_log.h"
#include "libs/events/kafka/config.h"

namespace finalmile::events::kafka {

// A group member over librdkafka: range assignment, no static membership. Between an assignment and its Start
// the member is in the group but reads nothing. When an offset lies outside the log, the Poll that finds out
// asks the broker where the partition starts, which takes a round trip (at most 1 s). Start waits for
// librdkafka's own thread, not for the broker; destroying waits at most 5 s for the broker to hear of it.
// `config`, `clock` and `wake` must outlive the consumer.
absl::StatusOr<std::unique_ptr<Consumer>> JoinGroup(const Config& config, Clock& clock,
                                                    std::string_view group,
                                                    const std::vector<std::string>& topics, WaitEvent& wake);

}  // namespace finalmile::events::kafka
