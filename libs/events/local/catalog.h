#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "libs/events/event_log.h"
#include "libs/storage/database.h"

namespace finalmile::events {

// A record's id in the table: 2^40 offsets for each partition, so that one B-tree serves every partition.
inline constexpr int kOffsetBits = 40;
inline int64_t RecordId(int64_t partition_id, int64_t offset) {
  return (partition_id << kOffsetBits) | offset;
}
inline int64_t OffsetOf(int64_t record_id) { return record_id & ((int64_t{1} << kOffsetBits) - 1); }

struct Bounds {
  // The first offset that the log holds, and the one the next record gets.
  int64_t start = 0;
  int64_t end = 0;
};

// Sets an event whenever one of some topics grows or is trimmed, for as long as it lives.
class Watch {
 public:
  virtual ~Watch() = default;
};

// The topics of the file and, in memory, where each partition starts and ends. Thread-safe.
class Catalog {
 public:
  struct Topic {
    TopicSpec spec;
    // Partition p has the id first_id + p.
    int64_t first_id = 0;
  };

  // Makes the tables where absent, and reads the topics.
  static absl::StatusOr<std::unique_ptr<Catalog>> Load(storage::Database& database, Clock& clock);

  // Makes absent topics durably; see EventLog::ApplyTopics.
  absl::Status Apply(const std::vector<TopicSpec>& topics, absl::Duration deadline);

  std::optional<Topic> Find(const std::string& name) const;
  std::vector<Topic> List() const;

  Bounds BoundsOf(int64_t partition_id) const;
  // To be called after the change is stored. Wakes the watches of the topic.
  void Grown(int64_t partition_id, int64_t end);
  void Trimmed(int64_t partition_id, int64_t start);

  // `event` must outlive the watch, which must not outlive the catalog. Topics need not exist yet.
  std::unique_ptr<Watch> NewWatch(const std::vector<std::string>& topics, WaitEvent& event);

 private:
  class WatchImpl;
  struct State {
    std::string topic;
    Bounds bounds;
  };

  explicit Catalog(storage::Database& database) : database_(database) {}
  absl::Status Read(absl::Duration deadline);
  void Wake(const std::string& topic);

  storage::Database& database_;
  mutable std::mutex mutex_;
  std::map<std::string, Topic> topics_;
  std::map<int64_t, State> partitions_;
  std::multimap<std::string, WatchImpl*> watches_;
};

}  // namespace finalmile::events
