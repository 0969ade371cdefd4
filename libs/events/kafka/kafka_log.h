#pragma once

#include <memory>
#include <string_view>

#include "absl/status/statusor.h"
#include "libs/events/event_log.h"

namespace finalmile::events {

// Kafka over librdkafka. `url` as kafka/config.h describes it. Connects on first use: an absent broker is
// found by the first call, at its deadline. No thread of ours: librdkafka's own threads set the events of
// callers and consumers.
absl::StatusOr<std::unique_ptr<EventLog>> OpenKafka(std::string_view url, Clock& clock);

}  // namespace finalmile::events
