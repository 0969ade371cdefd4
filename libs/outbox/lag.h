#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/events/event_log.h"
#include "libs/outbox/consumer_group.h"
#include "libs/storage/database.h"

namespace finalmile::outbox {

// Records of a topic that a group has not consumed yet, over all partitions and whoever owns them: from
// the offsets in its store to the ends of the log.
struct Lag {
  struct Place {
    int32_t partition = 0;
    // The offset to be consumed next, and the one that the next record gets.
    int64_t next = 0;
    int64_t end = 0;
    // A log that lost its end has less than was consumed.
    int64_t records() const { return end > next ? end - next : 0; }
  };

  std::string consumer;
  std::string topic;
  int64_t records = 0;
  // By partition.
  std::vector<Place> places = {};
};

// One for each topic of each consumer, in their order. Blocks until `deadline` at most; errors are the
// store's or the log's.
absl::StatusOr<std::vector<Lag>> ReadLags(storage::Database& database, events::EventLog& log,
                                          const std::vector<const ConsumerGroup*>& consumers,
                                          absl::Duration deadline);

}  // namespace finalmile::outbox
