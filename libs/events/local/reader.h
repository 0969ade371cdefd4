#pragma once

#include <map>
#include <vector>

#include "libs/events/event_log.h"
#include "libs/events/local/catalog.h"
#include "libs/storage/database.h"

namespace finalmile::events {

// Reads some partitions, each from a place of its own. Not thread-safe.
class LocalReader {
 public:
  LocalReader(storage::Database& database, Catalog& catalog, Clock& clock)
      : database_(database), catalog_(catalog), clock_(clock) {}

  // Reads `partition`, whose id is `id`, from `offset` on; replaces an earlier place.
  void Start(const Partition& partition, int64_t id, int64_t offset);
  void StopAll() { places_.clear(); }

  // Appends at most `max_records` records and about 8 MiB to `records`. A partition whose place lies outside
  // the log is stopped and named in `truncated` with the log's first offset. One database read, none when
  // nothing is new.
  absl::Status Read(int max_records, std::vector<Record>& records, std::vector<PartitionOffset>& truncated);

  // The offset to be read next; -1 when the partition is stopped.
  int64_t PlaceOf(const Partition& partition) const;

 private:
  struct Place {
    int64_t id = 0;
    int64_t next = 0;
  };

  storage::Database& database_;
  Catalog& catalog_;
  Clock& clock_;
  std::map<Partition, Place> places_;
  // The next read begins behind it, so that no partition starves.
  Partition last_read_;
};

}  // namespace finalmile::events
