#pragma once

#include <mutex>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/base/clock.h"
#include "libs/events/event_log.h"
#include "libs/events/kafka/client.h"
#include "libs/events/kafka/config.h"

namespace finalmile::events::kafka {

// Asks where partitions start and end, over connections that are made at the first call and kept.
// Thread-safe.
class EndOffsets {
 public:
  // The references outlive it.
  EndOffsets(const Config& config, Clock& clock) : config_(config), clock_(clock) {}

  // See EventLog::EndOffsets and StartOffsets.
  absl::StatusOr<std::vector<PartitionOffset>> Of(const std::vector<std::string>& topics, Edge edge,
                                                  absl::Duration deadline);

 private:
  absl::StatusOr<rd_kafka_s*> Connected();

  const Config& config_;
  Clock& clock_;
  Trouble trouble_;
  std::mutex mutex_;
  // Ends before what its callback writes to.
  Client client_;
};

}  // namespace finalmile::events::kafka
