#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/events/event_log.h"
#include "libs/storage/database.h"

namespace finalmile::outbox {

// Why a record stands aside.
inline constexpr std::string_view kFailed = "failed";    // it cannot be applied; a person decides
inline constexpr std::string_view kWaiting = "waiting";  // an earlier seq of its key is missing

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

// Statements on the parked table, inside the caller's transaction.
absl::Status InsertParked(storage::Transaction& transaction, const std::vector<ParkedRecord>& records);
absl::Status DeleteParked(storage::Transaction& transaction, const std::vector<ParkedRecord>& records);
// The parked record, its row locked; NOT_FOUND.
absl::StatusOr<ParkedRecord> GetParked(storage::Transaction& transaction, std::string_view consumer,
                                       std::string_view topic, int32_t partition, int64_t offset);
// One more try at a parked record failed, for this reason. Nothing where it is parked no more.
absl::Status CountTry(storage::Transaction& transaction, std::string_view consumer, std::string_view topic,
                      int32_t partition, int64_t offset, std::string_view reason);
// Oldest first, after the position of `after` (nullptr: from the start), at most `limit`.
absl::StatusOr<std::vector<ParkedRecord>> ListParked(storage::Transaction& transaction, int limit,
                                                     const ParkedRecord* after);
// Parked records of these keys, by seq.
absl::StatusOr<std::vector<ParkedRecord>> ParkedOfKeys(storage::Transaction& transaction,
                                                       std::string_view consumer, std::string_view topic,
                                                       const std::vector<std::string>& keys);

struct ParkedDepth {
  int64_t failed = 0;
  int64_t waiting = 0;
  // Of the oldest record; InfinitePast when there is none.
  absl::Time oldest = absl::InfinitePast();
};
absl::StatusOr<ParkedDepth> GetParkedDepth(storage::Transaction& transaction);

}  // namespace finalmile::outbox
