#pragma once

#include <cstdint>
#include <variant>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/events/event_log.h"
#include "libs/outbox/consumer_group.h"
#include "libs/storage/database.h"

namespace finalmile::outbox {

// Where a consumer is to go on in a partition: an end of what the log holds, or an offset.
enum class PlaceEdge { kEarliest, kLatest };
using NewPlace = std::variant<PlaceEdge, int64_t>;

struct Moved {
  // What was to be consumed next before, and is now.
  int64_t previous = 0;
  int64_t offset = 0;
  // What the log holds: the first offset, and the one that the next record gets.
  int64_t start = 0;
  int64_t end = 0;
};

// Moves the consumer's place in a partition, and raises the partition's epoch: a member that owns it, in any
// process, cannot commit any more, hears of it within some seconds and begins at the new place. `dry_run`:
// says what would change, and changes nothing. INVALID_ARGUMENT for an offset that the log does not hold;
// NOT_FOUND for a partition that the consumer does not read. Blocks until `deadline` at most; other errors
// are the store's or the log's.
absl::StatusOr<Moved> MovePlace(storage::Database& database, events::EventLog& log,
                                const ConsumerGroup& consumer, const events::Partition& partition,
                                const NewPlace& place, bool dry_run, absl::Duration deadline);

}  // namespace finalmile::outbox
