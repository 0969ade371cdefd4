#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/base/clock.h"
#include "libs/events/event_log.h"
#include "libs/storage/database.h"

namespace finalmile::outbox {

// The place of the seqs of one kind of aggregate: a table with the columns `id` (TEXT, its key) and `seq`.
// `collection` with the id behind it is the key of their events: "leads/" and "7".
struct AggregateTable {
  std::string_view collection;
  std::string_view table;
};

struct Resequenced {
  // Records of the topic.
  int64_t records = 0;
  // The events among them that the store did not know: above the seq that their aggregate had in it.
  int64_t unknown = 0;
  // And events of aggregates that the store does not hold: erased, or made after the backup.
  int64_t absent = 0;
  // And records that are about none of the tables.
  int64_t others = 0;
};

// For a store that was restored from a backup: raises the seq of every aggregate to that of the last event
// that `topic`, the service's own, holds of it. Without it the next events of an aggregate would carry seqs
// that the topic's readers have seen already, and they would drop them as repeats. Nothing is lowered, so
// that it may be run again, and nothing else is changed: what happened after the backup stays lost to this
// store.
//
// Reads the topic from its start to where it ends now, in batches, and calls `progress` after each. Returns
// when that is done or fails; each step of it has `timeout`. The service must not run: FAILED_PRECONDITION
// when a process leads on the store (its lock is held meanwhile). Other errors are the store's or the log's.
absl::StatusOr<Resequenced> Resequence(std::string_view service, storage::Database& database,
                                       events::EventLog& log, std::string_view topic,
                                       std::span<const AggregateTable> tables, Clock& clock,
                                       absl::Duration timeout,
                                       const std::function<void(const Resequenced&)>& progress = {});

}  // namespace finalmile::outbox
