#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/base/clock.h"
#include "libs/events/event_log.h"
#include "libs/events/kafka/config.h"

// librdkafka's own header stays in .cc files.
struct rd_kafka_s;
struct rd_kafka_conf_s;
struct rd_kafka_queue_s;
struct rd_kafka_message_s;
struct rd_kafka_topic_partition_list_s;

// What the parts of the Kafka adapter share.
namespace finalmile::events::kafka {

struct FreeList {
  void operator()(rd_kafka_topic_partition_list_s* list) const;
};
struct FreeQueue {
  void operator()(rd_kafka_queue_s* queue) const;
};
struct FreeConf {
  void operator()(rd_kafka_conf_s* conf) const;
};
// Destroys an instance that has nothing to close: see rd_kafka_destroy.
struct FreeClient {
  void operator()(rd_kafka_s* client) const;
};
using List = std::unique_ptr<rd_kafka_topic_partition_list_s, FreeList>;
using Queue = std::unique_ptr<rd_kafka_queue_s, FreeQueue>;
using Conf = std::unique_ptr<rd_kafka_conf_s, FreeConf>;
using Client = std::unique_ptr<rd_kafka_s, FreeClient>;

// What last went wrong with the connections, to be told when a deadline passes. Thread-safe.
class Trouble {
 public:
  // `error` is an rd_kafka_resp_err_t. That all brokers are down says less than what was noted before.
  void Note(int error, std::string_view text);
  // "cannot reach Kafka at SERVERS" and what was noted last, if anything.
  std::string Describe(const Config& config) const;
  // Whether a broker answered and refused us, or we its certificate: waiting does not mend that.
  bool refused() const;

 private:
  mutable std::mutex mutex_;
  std::string last_;
  bool refused_ = false;
};

enum class Role { kProducer, kConsumer };

// The properties common to every client, those of the URL, then `own`. What librdkafka writes goes to
// the LibraryLog of the process.
absl::StatusOr<Conf> NewConf(const Config& config, const Properties& own);
absl::StatusOr<Client> NewClient(Role role, Conf conf);
// A client that asks the brokers and neither produces nor consumes. What goes wrong is noted in `trouble`,
// which outlives it, at each rd_kafka_poll.
absl::StatusOr<Client> NewAsker(const Config& config, Trouble& trouble);
// The properties of every consumer.
Properties ConsumerProperties();

// `error` is an rd_kafka_resp_err_t; the text begins with `what`.
absl::Status ToStatus(int error, std::string_view what);

// What is left until `deadline`, in whole milliseconds from 0 to one hour: how librdkafka counts time.
int MillisLeft(const Clock& clock, absl::Duration deadline);

// The partition count of every topic but Kafka's own. Blocks. DEADLINE_EXCEEDED tells `trouble`.
absl::StatusOr<std::vector<TopicSpec>> FetchTopics(rd_kafka_s* client, const Config& config,
                                                   const Trouble& trouble, Clock& clock,
                                                   absl::Duration deadline);

// Every partition of `topics`, in their order. NOT_FOUND names one that does not exist; else as FetchTopics.
absl::StatusOr<std::vector<Partition>> FetchPartitions(rd_kafka_s* client, const Config& config,
                                                       const Trouble& trouble,
                                                       const std::vector<std::string>& topics, Clock& clock,
                                                       absl::Duration deadline);

enum class Edge { kStart, kEnd };
// The first offset each partition holds, or the one its next record gets, in the order of `partitions`.
// Blocks; asks again while a leader is missing.
absl::StatusOr<std::vector<PartitionOffset>> FetchOffsets(rd_kafka_s* client,
                                                          const std::vector<Partition>& partitions, Edge edge,
                                                          Clock& clock, absl::Duration deadline);

List ToList(const std::vector<PartitionOffset>& offsets);

// A message without error.
Record ToRecord(rd_kafka_message_s& message);

}  // namespace finalmile::events::kafka
