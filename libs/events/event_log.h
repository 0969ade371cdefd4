#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/base/clock.h"
#include "libs/base/pending.h"
#include "libs/base/step.h"

// One interface over a durable local log (SQLite) and Kafka.
namespace finalmile::events {

using Headers = std::vector<std::pair<std::string, std::string>>;

// What is appended.
struct Message {
  std::string topic;
  // Decides the partition: murmur2 of the key, as Java's client; an empty key goes anywhere.
  std::string key;
  std::string value;
  Headers headers;
};

// What is read.
struct Record {
  std::string topic;
  int32_t partition = 0;
  int64_t offset = 0;
  std::string key;
  std::string value;
  Headers headers;
  // When the log took it.
  absl::Time time;
};

struct Partition {
  std::string topic;
  int32_t partition = 0;
  auto operator<=>(const Partition&) const = default;  // NOLINT(modernize-use-nullptr): there is no null
};

struct PartitionOffset {
  Partition partition;
  // The offset to be read next.
  int64_t offset = 0;
};

struct TopicSpec {
  std::string name;
  int32_t partitions = 12;
  // InfiniteDuration: for ever.
  absl::Duration retention = absl::InfiniteDuration();
  // Kafka only.
  int16_t replication = 1;
};

struct Polled {
  // Set once after each change: the partitions this member now owns, none of which delivers before Start.
  // Everything held of earlier assignments is to be dropped. A revocation is an assignment without
  // partitions.
  bool assigned = false;
  std::vector<Partition> partitions;
  // In order of offset per partition.
  std::vector<Record> records;
  // Partitions that were to be read from an offset outside the log, before its start or beyond its end: the
  // first offset it has. The partition goes on only after Start.
  std::vector<PartitionOffset> truncated;
};

// After so long without a Poll a member is put out of its group.
inline constexpr absl::Duration kPollPatience = absl::Seconds(60);

// A member of a consumer group. Offsets are kept by the caller. Not thread-safe; leaving the group is
// destroying it.
class Consumer {
 public:
  virtual ~Consumer() = default;
  // Never blocks. At most `max_records`. UNAVAILABLE: the log cannot be reached now (goes on by itself).
  // NOT_FOUND names a topic of Join that does not exist, once; the others go on. Must be called at least
  // every kPollPatience or the member is put out of the group (an assignment follows at the next call).
  virtual absl::StatusOr<Polled> Poll(int max_records) = 0;
  // Answers an assignment: where to read its partitions. It may name some of them only: the others stay where
  // they are, or wait. Offsets outside the log are reported as truncated; INVALID_ARGUMENT for a negative
  // one.
  virtual absl::Status Start(const std::vector<PartitionOffset>& offsets) = 0;
  // Gives back every partition and joins again: an assignment follows.
  virtual absl::Status Rejoin() = 0;
  // Tells the log how far the group is, for lag displays only. Does not wait; may be lost.
  virtual void Report(const std::vector<PartitionOffset>& offsets) = 0;
};

// Reads every partition of some topics without a group. Not thread-safe.
class Tail {
 public:
  virtual ~Tail() = default;
  // Never blocks. At most `max_records`.
  virtual absl::StatusOr<std::vector<Record>> Poll(int max_records) = 0;
  // Whether everything that was in the log when the tail was opened has been returned.
  virtual bool caught_up() const = 0;
};

enum class TailFrom { kStart, kEnd };

// Thread-safe.
class EventLog {
 public:
  virtual ~EventLog() = default;

  // Appends all of `messages`, in order per key, and returns when each is stored for good (acks=all; fsync).
  // Blocks until then or until `deadline` (steady). An error means that any of them may or may not be stored,
  // each at most once per call: append all again. INVALID_ARGUMENT names a message over max_message_bytes()
  // before anything is sent; NOT_FOUND names a topic that does not exist (topics are never made by accident);
  // UNAVAILABLE when the log cannot be reached and nothing was sent.
  // Calls of several threads share batches. After a fatal error of the engine the appender is rebuilt by the
  // next call.
  virtual absl::Status Append(const std::vector<Message>& messages, absl::Duration deadline) = 0;

  // Begins what Append does, and need not wait for the outcome: the Pending has it, and sets `signal`, which
  // is not null, for it. With it any number of appends may be under way without a thread for each. Blocks
  // until `deadline` at most, while a topic is looked up or the engine's queue is full; an engine that
  // appends on the caller's thread blocks for the whole append. The order per key is that of the calls.
  virtual absl::StatusOr<std::unique_ptr<Pending>> StartAppend(const std::vector<Message>& messages,
                                                               absl::Duration deadline,
                                                               std::shared_ptr<Signal> /*signal*/) {
    return Finished(Append(messages, deadline));
  }
  // Whether the engine has a queue of its own, so that StartAppend returns before its append is over and
  // TryStartAppend may succeed.
  virtual bool has_queue() const { return false; }
  // Does what StartAppend does, for a thread that may not block. Null: it would block, and nothing was
  // appended.
  virtual absl::StatusOr<std::unique_ptr<Pending>> TryStartAppend(const std::vector<Message>& /*messages*/,
                                                                  std::shared_ptr<Signal> /*signal*/) {
    return nullptr;
  }

  // Key plus value plus headers.
  virtual int64_t max_message_bytes() const = 0;

  // The name of the engine in traces: a constant.
  virtual std::string_view system() const { return "local"; }

  // `wake` is set whenever Poll may have something new; it must outlive the consumer.
  virtual absl::StatusOr<std::unique_ptr<Consumer>> Join(std::string_view group,
                                                         const std::vector<std::string>& topics,
                                                         WaitEvent& wake) = 0;
  // NOT_FOUND names a topic that does not exist. UNAVAILABLE when the log cannot be reached before
  // `deadline`, until which it may block. `wake` as for Join.
  virtual absl::StatusOr<std::unique_ptr<Tail>> OpenTail(const std::vector<std::string>& topics,
                                                         TailFrom from, absl::Duration deadline,
                                                         WaitEvent& wake) = 0;
  // The offset that the next record of each partition will get, in order of `topics` and partition. Blocks,
  // and fails, as OpenTail does.
  virtual absl::StatusOr<std::vector<PartitionOffset>> EndOffsets(const std::vector<std::string>& topics,
                                                                  absl::Duration deadline) = 0;

  // The first offset that each partition holds, or the one its next record will get where it holds none. As
  // EndOffsets otherwise.
  virtual absl::StatusOr<std::vector<PartitionOffset>> StartOffsets(const std::vector<std::string>& topics,
                                                                    absl::Duration deadline) = 0;

  // Makes the topics that are absent. FAILED_PRECONDITION names a topic that exists with another partition
  // count (counts are fixed at creation).
  virtual absl::Status ApplyTopics(const std::vector<TopicSpec>& topics, absl::Duration deadline) = 0;
  // Existing topics; UNAVAILABLE when the log cannot be reached before the deadline.
  virtual absl::StatusOr<std::vector<TopicSpec>> ListTopics(absl::Duration deadline) = 0;

  // Background work of the engine; run by the runtime.
  virtual std::vector<Step*> steps() = 0;
};

// Opens `local:PATH` (made if absent; one process at a time, by flock) or `kafka://host:port,host:port`.
// INVALID_ARGUMENT for another scheme. `clock` must outlive the log.
absl::StatusOr<std::unique_ptr<EventLog>> Open(std::string_view url, Clock& clock);

// Java's DefaultPartitioner: (murmur2(key) & 0x7fffffff) % partitions.
int32_t PartitionOf(std::string_view key, int32_t partitions);

}  // namespace finalmile::events
