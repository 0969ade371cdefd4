#pragma once

#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "libs/events/event_log.h"
#include "libs/outbox/handler.h"
#include "libs/storage/database.h"

namespace finalmile::outbox {

// Where a record stands in the log.
using Position = std::tuple<std::string, int32_t, int64_t>;
inline Position PositionOf(const events::Record& record) {
  return {record.topic, record.partition, record.offset};
}

// Records that may not be handed to the handler, with the reason.
using Rejected = std::map<Position, std::string>;

// What one run of Sequencer::Apply did.
struct SequencerCounts {
  int64_t applied = 0;
  int64_t parked = 0;
  int64_t duplicates = 0;
};

// The order of records with a seq, per key, inside one transaction: drops what was seen, applies what is
// next, parks what comes after a hole, drains what waited.
class Sequencer {
 public:
  // (topic, key).
  using Key = std::pair<std::string, std::string>;

  Sequencer(std::string_view consumer, Handler& handler) : consumer_(consumer), handler_(handler) {}

  // Applies `records` and what waited for them (or for `unblocked` keys) through the handler. `rejected`
  // records are parked as failed. Sets `again` and returns CANCELLED when the handler parked a record with a
  // seq: roll back and call again with the `rejected` that has grown, since the later ones of its key may not
  // be applied.
  absl::Status Apply(storage::Transaction& transaction, std::span<const events::Record> records,
                     const std::set<Key>& unblocked, absl::Time now, Rejected& rejected, bool& again,
                     SequencerCounts& counts);

  // The seq seen last of a key, its row locked; 0 when none was.
  absl::StatusOr<int64_t> Seen(storage::Transaction& transaction, const Key& key);
  absl::Status SetSeen(storage::Transaction& transaction, const std::map<Key, int64_t>& seqs);

 private:
  absl::StatusOr<std::map<Key, int64_t>> LockSeen(storage::Transaction& transaction,
                                                  const std::set<Key>& keys);

  const std::string consumer_;
  Handler& handler_;
};

}  // namespace finalmile::outbox
