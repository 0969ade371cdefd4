#pragma once

#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "libs/events/event_log.h"
#include "libs/events/kafka/config.h"

namespace finalmile::events::kafka {

// See EventLog. Each call connects anew; DEADLINE_EXCEEDED of ApplyTopics and UNAVAILABLE of ListTopics name
// the brokers. ApplyTopics returns when the brokers that answer know leaders for every partition of every
// topic made.
absl::Status ApplyTopics(const Config& config, Clock& clock, const std::vector<TopicSpec>& topics,
                         absl::Duration deadline);
absl::StatusOr<std::vector<TopicSpec>> ListTopics(const Config& config, Clock& clock,
                                                  absl::Duration deadline);

}  // namespace finalmile::events::kafka
