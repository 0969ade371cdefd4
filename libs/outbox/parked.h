#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/events/event_log.h"
#include "libs/outbox/outbox.h"
#include "libs/storage/database.h"

namespace finalmile::outbox {

// Why a record stands aside.
inline constexpr std::string_view kFailed = "failed";    // it cannot be applied; a person decides
inline constexpr std::string_view kWaiting = "waiting";  // an earlier seq of its key is missing
inline constexpr std::string_view kReady = "ready";      // its turn has come; the consumer applies it next

// Where a record is in the log: topic, partition, offset.
using Position = std::tuple<std::string, int32_t, int64_t>;
inline Position PositionOf(const events::Record& record) {
  return {record.topic, record.partition, record.offset};
}

// (topic, key): what one order of seqs belongs to.
using Key = std::pair<std::string, std::string>;

// A record set aside by a consumer.
struct ParkedRecord {
  std::string consumer;
  events::Record record;
  int64_t seq = 0;
  std::string state;
  std::string reason;
  int64_t tries = 0;
  absl::Time parked_time;
};

// Statements on the parked table, inside the caller's transaction. Keys are any bytes of any length; reasons
// are stored on one printable line of at most 1,000 bytes.

// A record that is parked already keeps its content; its state and reason become the new ones, and one more
// try is counted.
absl::Status InsertParked(storage::Transaction& transaction, const std::vector<ParkedRecord>& records);
absl::Status DeleteParked(storage::Transaction& transaction, std::string_view consumer,
                          const std::vector<Position>& records);
// NOT_FOUND. The row is not locked: whoever changes a record with a seq holds the lock of its key's seq.
absl::StatusOr<ParkedRecord> GetParked(storage::Transaction& transaction, std::string_view consumer,
                                       std::string_view topic, int32_t partition, int64_t offset);
// Those of `records` that are parked.
absl::StatusOr<std::map<Position, ParkedRecord>> LoadParked(storage::Transaction& transaction,
                                                            std::string_view consumer,
                                                            const std::vector<Position>& records);
// One more try at these records failed, for these reasons. Nothing for one that is parked no more.
absl::Status MarkFailed(storage::Transaction& transaction, std::string_view consumer,
                        const std::map<Position, std::string>& reasons);

// Which parked records are meant; what is empty is not looked at.
struct ParkedFilter {
  std::string consumer = {};
  std::string topic = {};
  std::string key = {};
  std::string state = {};
  // Part of the reason, as it is stored.
  std::string reason = {};
};
// Oldest first, after the position of `after` (nullptr: from the start), at most `limit`. Without values and
// headers, which may be large.
absl::StatusOr<std::vector<ParkedRecord>> ListParked(storage::Transaction& transaction,
                                                     const ParkedFilter& filter, int limit,
                                                     const ParkedRecord* after);

// A parked record with a seq, without its content.
struct ParkedHead {
  Position position;
  int64_t seq = 0;
  bool failed = false;
  bool ready = false;
  // The size of its value.
  int64_t bytes = 0;
};
// The parked records of each key with a seq up to the given one, by seq and then position. What is behind it
// is not read, however much it is.
absl::StatusOr<std::map<Key, std::vector<ParkedHead>>> ParkedUpTo(storage::Transaction& transaction,
                                                                  std::string_view consumer,
                                                                  const std::map<Key, int64_t>& seqs);
// The first parked record of a key with a seq above `after` and below `before`.
absl::StatusOr<std::optional<ParkedHead>> FirstParkedBetween(storage::Transaction& transaction,
                                                             std::string_view consumer, const Key& key,
                                                             int64_t after, int64_t before);
// The records that wait with these seqs are ready.
absl::Status MarkReady(storage::Transaction& transaction, std::string_view consumer,
                       const std::map<Key, int64_t>& seqs);
// These records wait again.
absl::Status MarkWaiting(storage::Transaction& transaction, std::string_view consumer,
                         const std::vector<Position>& records);
// One record that is ready, of any key. Cheap: an index leads there.
absl::StatusOr<std::optional<ParkedRecord>> FirstReady(storage::Transaction& transaction,
                                                       std::string_view consumer);

struct ParkedDepth {
  // At most kDepthCap each. Those that are ready count as waiting.
  int64_t failed = 0;
  int64_t waiting = 0;
  // When the oldest record was parked; InfinitePast when there is none.
  absl::Time oldest = absl::InfinitePast();
};
absl::StatusOr<ParkedDepth> GetParkedDepth(storage::Transaction& transaction);

}  // namespace finalmile::outbox
