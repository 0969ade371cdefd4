#include "libs/events/kafka/client.h"

#include <librdkafka/rdkafka.h>

#include <algorithm>

#include "fmt/format.h"
#include "libs/base/status.h"
#include "libs/events/checks.h"
#include "libs/events/kafka/library_log.h"

namespace finalmile::events::kafka {
namespace {

constexpr absl::Duration kAskAgain = absl::Milliseconds(50);

absl::Status AskOffsets(rd_kafka_s* client, std::vector<PartitionOffset>& wanted, int millis) {
  const List list = ToList(wanted);
  const rd_kafka_resp_err_t asked = rd_kafka_offsets_for_times(client, list.get(), millis);
  // Said now and then of partitions that exist, while librdkafka reads their leaders anew
  // (github.com/confluentinc/librdkafka/issues/3295).
  if (asked == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION)
    return absl::UnavailableError("events: the leaders of Kafka's partitions are not known yet");
  RETURN_IF_ERROR(ToStatus(asked, "the offsets of Kafka"));
  for (PartitionOffset& entry : wanted) {
    const auto& [topic, partition] = entry.partition;
    const auto* found = rd_kafka_topic_partition_list_find(list.get(), topic.c_str(), partition);
    RETURN_IF_ERROR(ToStatus(found->err, fmt::format("the offsets of {}/{}", topic, partition)));
  }
  for (PartitionOffset& entry : wanted) {
    const auto& [topic, partition] = entry.partition;
    entry.offset = rd_kafka_topic_partition_list_find(list.get(), topic.c_str(), partition)->offset;
  }
  return absl::OkStatus();
}

}  // namespace

void FreeList::operator()(rd_kafka_topic_partition_list_s* list) const {
  rd_kafka_topic_partition_list_destroy(list);
}
void FreeQueue::operator()(rd_kafka_queue_s* queue) const { rd_kafka_queue_destroy(queue); }
void FreeConf::operator()(rd_kafka_conf_s* conf) const { rd_kafka_conf_destroy(conf); }
void FreeClient::operator()(rd_kafka_s* client) const {
  rd_kafka_destroy_flags(client, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
}

void Trouble::Note(int error, std::string_view text) {
  std::lock_guard lock(mutex_);
  // Behind it librdkafka counts its attempts.
  if (error != RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN || last_.empty())
    last_ = text.substr(0, text.find(" (after "));
  refused_ = refused_ || error == RD_KAFKA_RESP_ERR__AUTHENTICATION || error == RD_KAFKA_RESP_ERR__SSL;
}

bool Trouble::refused() const {
  std::lock_guard lock(mutex_);
  return refused_;
}

std::string Trouble::Describe(const Config& config) const {
  std::lock_guard lock(mutex_);
  return fmt::format("cannot reach Kafka at {}{}{}", config.servers, last_.empty() ? "" : ": ", last_);
}

absl::StatusOr<Conf> NewConf(const Config& config, const Properties& own) {
  Properties all = {
      {"bootstrap.servers", config.servers},
      {"client.id", "finalmile"},
      {"socket.nagle.disable", "true"},
      {"socket.keepalive.enable", "true"},
      // A connection that has died silently is noticed within this time.
      {"socket.timeout.ms", "15000"},
      {"reconnect.backoff.ms", "50"},
      {"reconnect.backoff.max.ms", "1000"},
      {"topic.metadata.refresh.interval.ms", "10000"},
      {"allow.auto.create.topics", "false"},
  };
  all.insert(all.end(), own.begin(), own.end());
  all.insert(all.end(), config.properties.begin(), config.properties.end());
  Conf conf(rd_kafka_conf_new());
  char error[512];
  for (const auto& [name, value] : all) {
    if (rd_kafka_conf_set(conf.get(), name.c_str(), value.c_str(), error, sizeof(error)) !=
        RD_KAFKA_CONF_OK) {
      return absl::InvalidArgumentError(fmt::format("events: Kafka property {}: {}", name, error));
    }
  }
  rd_kafka_conf_set_log_cb(conf.get(), &WriteLibraryLine);
  return conf;
}

absl::StatusOr<Client> NewClient(Role role, Conf conf) {
  char error[512];
  rd_kafka_t* client = rd_kafka_new(role == Role::kProducer ? RD_KAFKA_PRODUCER : RD_KAFKA_CONSUMER,
                                    conf.get(), error, sizeof(error));
  if (client == nullptr) return absl::InvalidArgumentError(fmt::format("events: Kafka client: {}", error));
  static_cast<void>(conf.release());
  return Client(client);
}

absl::StatusOr<Client> NewAsker(const Config& config, Trouble& trouble) {
  ASSIGN_OR_RETURN(Conf conf, NewConf(config, {}));
  rd_kafka_conf_set_opaque(conf.get(), &trouble);
  rd_kafka_conf_set_error_cb(conf.get(), [](rd_kafka_t*, int error, const char* text, void* opaque) {
    static_cast<Trouble*>(opaque)->Note(error, text);
  });
  return NewClient(Role::kProducer, std::move(conf));
}

Properties ConsumerProperties() {
  return {
      {"enable.auto.commit", "false"},
      {"enable.auto.offset.store", "false"},
      {"fetch.min.bytes", "1"},
      // Also how long a partition that starts, or whose queue has room again, waits for the fetch under way.
      {"fetch.wait.max.ms", "50"},
      {"fetch.error.backoff.ms", "100"},
      // A full queue is looked at again only after a second, so it must hold what is processed in that time.
      {"queued.min.messages", "100000"},
      {"queued.max.messages.kbytes", "32768"}};
}

absl::Status ToStatus(int error, std::string_view what) {
  const auto err = static_cast<rd_kafka_resp_err_t>(error);
  const std::string text = fmt::format("events: {}: {}", what, rd_kafka_err2str(err));
  switch (err) {
    case RD_KAFKA_RESP_ERR_NO_ERROR:
      return absl::OkStatus();
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
      return absl::NotFoundError(text);
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE:
    case RD_KAFKA_RESP_ERR_INVALID_CONFIG:
    case RD_KAFKA_RESP_ERR_INVALID_PARTITIONS:
    case RD_KAFKA_RESP_ERR_INVALID_REPLICATION_FACTOR:
    case RD_KAFKA_RESP_ERR_INVALID_REQUEST:
    case RD_KAFKA_RESP_ERR_POLICY_VIOLATION:
    case RD_KAFKA_RESP_ERR__INVALID_ARG:
      return absl::InvalidArgumentError(text);
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
      return absl::PermissionDeniedError(text);
    case RD_KAFKA_RESP_ERR__AUTHENTICATION:
    case RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED:
      return absl::UnauthenticatedError(text);
    case RD_KAFKA_RESP_ERR__TIMED_OUT:
    case RD_KAFKA_RESP_ERR__MSG_TIMED_OUT:
    case RD_KAFKA_RESP_ERR__TIMED_OUT_QUEUE:
      return absl::DeadlineExceededError(text);
    default:
      return absl::UnavailableError(text);
  }
}

int MillisLeft(const Clock& clock, absl::Duration deadline) {
  const absl::Duration left = std::clamp(deadline - clock.Steady(), absl::ZeroDuration(), absl::Hours(1));
  return static_cast<int>(absl::ToInt64Milliseconds(left));
}

absl::StatusOr<std::vector<TopicSpec>> FetchTopics(rd_kafka_s* client, const Config& config,
                                                   const Trouble& trouble, Clock& clock,
                                                   absl::Duration deadline) {
  const rd_kafka_metadata_t* metadata = nullptr;
  const std::unique_ptr<WaitEvent> pause = clock.NewWaitEvent();
  // All topics: asking for one by name would make it where the broker makes topics by itself.
  rd_kafka_resp_err_t error = rd_kafka_metadata(client, 1, nullptr, &metadata, MillisLeft(clock, deadline));
  // A connection that was lost under the question says nothing about the next one.
  while (error == RD_KAFKA_RESP_ERR__TRANSPORT && clock.Steady() + kAskAgain < deadline) {
    pause->WaitUntil(clock.Steady() + kAskAgain);
    error = rd_kafka_metadata(client, 1, nullptr, &metadata, MillisLeft(clock, deadline));
  }
  if (error == RD_KAFKA_RESP_ERR__TRANSPORT || error == RD_KAFKA_RESP_ERR__TIMED_OUT ||
      error == RD_KAFKA_RESP_ERR__TIMED_OUT_QUEUE || error == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) {
    return absl::DeadlineExceededError(fmt::format("events: {}", trouble.Describe(config)));
  }
  RETURN_IF_ERROR(ToStatus(error, fmt::format("the topics of Kafka at {}", config.servers)));
  std::vector<TopicSpec> topics;
  for (int i = 0; i < metadata->topic_cnt; ++i) {
    const rd_kafka_metadata_topic_t& topic = metadata->topics[i];
    if (topic.err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART ||
        std::string_view(topic.topic).starts_with("__"))
      continue;
    TopicSpec& spec = topics.emplace_back();
    spec.name = topic.topic;
    spec.partitions = topic.partition_cnt;
    if (topic.partition_cnt > 0) spec.replication = static_cast<int16_t>(topic.partitions[0].replica_cnt);
  }
  rd_kafka_metadata_destroy(metadata);
  return topics;
}

absl::StatusOr<std::vector<Partition>> FetchPartitions(rd_kafka_s* client, const Config& config,
                                                       const Trouble& trouble,
                                                       const std::vector<std::string>& topics, Clock& clock,
                                                       absl::Duration deadline) {
  auto existing = FetchTopics(client, config, trouble, clock, deadline);
  // While the first connection is being made, errors are for the callback.
  if (absl::IsDeadlineExceeded(existing.status())) {
    rd_kafka_poll(client, 0);
    return absl::DeadlineExceededError(fmt::format("events: {}", trouble.Describe(config)));
  }
  RETURN_IF_ERROR(existing.status());
  std::vector<Partition> partitions;
  for (const std::string& name : topics) {
    const auto topic = std::find_if(existing->begin(), existing->end(),
                                    [&](const TopicSpec& spec) { return spec.name == name; });
    if (topic == existing->end()) return UnknownTopic(name);
    for (int32_t p = 0; p < topic->partitions; ++p) partitions.push_back({name, p});
  }
  return partitions;
}

absl::StatusOr<std::vector<PartitionOffset>> FetchOffsets(rd_kafka_s* client,
                                                          const std::vector<Partition>& partitions, Edge edge,
                                                          Clock& clock, absl::Duration deadline) {
  std::vector<PartitionOffset> wanted;
  for (const Partition& partition : partitions) {
    // The protocol's two special "times" are the two edges.
    wanted.push_back({partition, edge == Edge::kStart ? RD_KAFKA_OFFSET_BEGINNING : RD_KAFKA_OFFSET_END});
  }
  if (wanted.empty()) return wanted;
  const std::unique_ptr<WaitEvent> pause = clock.NewWaitEvent();
  while (true) {
    const absl::Status asked = AskOffsets(client, wanted, MillisLeft(clock, deadline));
    if (asked.ok()) return wanted;
    const absl::Duration again = clock.Steady() + kAskAgain;
    if (!absl::IsUnavailable(asked) || again >= deadline) return asked;
    pause->WaitUntil(again);
  }
}

List ToList(const std::vector<PartitionOffset>& offsets) {
  List list(rd_kafka_topic_partition_list_new(static_cast<int>(offsets.size())));
  for (const auto& [partition, offset] : offsets) {
    rd_kafka_topic_partition_list_add(list.get(), partition.topic.c_str(), partition.partition)->offset =
        offset;
  }
  return list;
}

Record ToRecord(rd_kafka_message_s& message) {
  Record record;
  record.topic = rd_kafka_topic_name(message.rkt);
  record.partition = message.partition;
  record.offset = message.offset;
  record.key.assign(static_cast<const char*>(message.key), message.key_len);
  record.value.assign(static_cast<const char*>(message.payload), message.len);
  record.time = absl::FromUnixMillis(rd_kafka_message_timestamp(&message, nullptr));
  rd_kafka_headers_t* headers = nullptr;
  if (rd_kafka_message_headers(&message, &headers) == RD_KAFKA_RESP_ERR_NO_ERROR) {
    const char* name;
    const void* value;
    size_t size;
    for (size_t i = 0;
         rd_kafka_header_get_all(headers, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR; ++i) {
      record.headers.emplace_back(name, std::string(static_cast<const char*>(value), size));
    }
  }
  return record;
}

}  // namespace finalmile::events::kafka
