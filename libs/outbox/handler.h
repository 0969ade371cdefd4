#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "libs/base/trace_context.h"
#include "libs/events/event_log.h"
#include "libs/storage/database.h"

namespace finalmile::outbox {

// A record on its way into a handler.
struct Delivery {
  const events::Record* record = nullptr;
  // 0: the topic's records carry none (activities from outside).
  int64_t seq = 0;
  // What follows from the record belongs to it.
  std::optional<TraceContext> trace = std::nullopt;
};

// What a handler is given to apply in one transaction: in order per key, each seq once and without holes.
class Batch {
 public:
  explicit Batch(std::vector<Delivery> deliveries) : deliveries_(std::move(deliveries)) {}

  std::span<const Delivery> deliveries() const { return deliveries_; }
  // The trace of all deliveries; nullopt: they belong to several, or to none. What a handler does belongs to
  // it by itself. A handler that emits events says in a TraceScope, or by Aggregates' Entry::trace, which of
  // several they belong to.
  std::optional<TraceContext> trace() const;

  // Sets delivery `index` aside with a reason for people (no personal data): a permanent fault of the record
  // itself, such as bytes that are no message. The others go on. The handler must have written nothing for
  // it.
  void Park(size_t index, std::string reason) { parked_.emplace_back(index, std::move(reason)); }

  const std::vector<std::pair<size_t, std::string>>& parked() const { return parked_; }

 private:
  std::vector<Delivery> deliveries_;
  std::vector<std::pair<size_t, std::string>> parked_;
};

// What a handler returns for a permanent fault of a record that it found only after it had written something
// for it, so that Batch::Park would be too late. `reason` is for people (no personal data).
absl::Status RecordFault(std::string_view reason);
// Whether a record rather than the store is at fault: RecordFault, or a value that no store can hold
// (storage::IsUnstorable). The code of a status says nothing of this, since a damaged store and a schema that
// does not fit answer with the same codes.
bool IsRecordFault(const absl::Status& status);

// What a service does with the records of its topics.
class Handler {
 public:
  virtual ~Handler() = default;
  // Writes the effect of the batch in `transaction`; re-runnable, as Database::Transact demands. Locks
  // aggregate rows sorted, then writes. A record that can never be applied is set aside by Batch::Park or
  // said by RecordFault: then the batch is run again record by record, and those that fail so are parked.
  // Every other error, whatever its code, and everything thrown is taken for a fault of the store or of the
  // program: the batch is held, shown to operators and tried again until it succeeds.
  virtual absl::Status Apply(storage::Transaction& transaction, Batch& batch) = 0;
};

}  // namespace finalmile::outbox
