#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "libs/events/event_log.h"
#include "libs/storage/database.h"

namespace finalmile::outbox {

// A record on its way into a handler.
struct Delivery {
  const events::Record* record = nullptr;
  // 0: the topic's records carry none (activities from outside).
  int64_t seq = 0;
};

// What a handler is given to apply in one transaction: in order per key, each seq once and without holes.
class Batch {
 public:
  explicit Batch(std::vector<Delivery> deliveries) : deliveries_(std::move(deliveries)) {}

  std::span<const Delivery> deliveries() const { return deliveries_; }

  // Sets delivery `index` aside with a reason for people (no personal data): a permanent fault of the record
  // itself, such as bytes that are no message. The others go on. The handler must have written nothing for
  // it.
  void Park(size_t index, std::string reason) { parked_.emplace_back(index, std::move(reason)); }

  const std::vector<std::pair<size_t, std::string>>& parked() const { return parked_; }

 private:
  std::vector<Delivery> deliveries_;
  std::vector<std::pair<size_t, std::string>> parked_;
};

// What a service does with the records of its topics.
class Handler {
 public:
  virtual ~Handler() = default;
  // Writes the effect of the batch in `transaction`; re-runnable, as Database::Transact demands. Locks
  // aggregate rows sorted, then writes. INVALID_ARGUMENT, FAILED_PRECONDITION, OUT_OF_RANGE, NOT_FOUND,
  // ALREADY_EXISTS and DATA_LOSS are faults of a record: the batch is run again record by record and those
  // that fail are parked. INTERNAL is tried ConsumerOptions::max_tries times, then treated alike. Any other
  // error is the store's: the batch is held and tried again.
  virtual absl::Status Apply(storage::Transaction& transaction, Batch& batch) = 0;
};

}  // namespace finalmile::outbox
