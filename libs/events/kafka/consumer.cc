#include "libs/events/kafka/consumer.h"

#include <librdkafka/rdkafka.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "fmt/format.h"
#include "libs/base/status.h"
#include "libs/events/checks.h"
#include "libs/events/kafka/client.h"

namespace finalmile::events::kafka {
namespace {

constexpr absl::Duration kCloseTime = absl::Seconds(5);
constexpr absl::Duration kQueryTime = absl::Seconds(1);
constexpr int kCloseMillis = 50;

class KafkaConsumer final : public Consumer {
 public:
  KafkaConsumer(const Config& config, Clock& clock, const std::vector<std::string>& topics, WaitEvent& wake)
      : config_(config), clock_(clock), topics_(topics), wake_(wake) {}

  absl::Status Open(std::string_view group);
  ~KafkaConsumer() override;

  absl::StatusOr<Polled> Poll(int max_records) override;
  absl::Status Start(const std::vector<PartitionOffset>& offsets) override;
  absl::Status Rejoin() override;
  void Report(const std::vector<PartitionOffset>& offsets) override;

 private:
  void OnRebalance(rd_kafka_resp_err_t what, const rd_kafka_topic_partition_list_t& partitions);
  void OnError(int error, std::string_view text);
  void Take(rd_kafka_message_t& message, Polled& polled);
  void TakeError(rd_kafka_message_t& message);
  absl::Status FindStarts(Polled& polled);

  const Config& config_;
  Clock& clock_;
  const std::vector<std::string> topics_;
  WaitEvent& wake_;
  Trouble trouble_;
  Client client_;
  Queue queue_;

  std::set<Partition> owned_;
  bool rebalanced_ = false;
  // What is being read: the offset after the last one returned.
  std::map<Partition, int64_t> places_;
  // Partitions whose place lies outside the log; where the log starts is not known yet.
  std::set<Partition> outside_;
  // To be returned by a Poll that has nothing better.
  absl::Status pending_ = absl::OkStatus();
  std::vector<rd_kafka_message_t*> batch_;
};

absl::Status KafkaConsumer::Open(std::string_view group) {
  Properties own = ConsumerProperties();
  own.insert(own.end(), {{"group.id", std::string(group)},
                         {"partition.assignment.strategy", "range"},
                         {"session.timeout.ms", "10000"},
                         // A member hears of a rebalance with its next heartbeat; the others wait for it.
                         {"heartbeat.interval.ms", "300"},
                         {"max.poll.interval.ms", std::to_string(absl::ToInt64Milliseconds(kPollPatience))},
                         {"auto.offset.reset", "error"}});
  ASSIGN_OR_RETURN(Conf conf, NewConf(config_, own));
  rd_kafka_conf_set_opaque(conf.get(), this);
  rd_kafka_conf_set_rebalance_cb(
      conf.get(), [](rd_kafka_t*, rd_kafka_resp_err_t what, rd_kafka_topic_partition_list_t* partitions,
                     void* self) { static_cast<KafkaConsumer*>(self)->OnRebalance(what, *partitions); });
  rd_kafka_conf_set_error_cb(conf.get(), [](rd_kafka_t*, int error, const char* text, void* self) {
    static_cast<KafkaConsumer*>(self)->OnError(error, text);
  });
  ASSIGN_OR_RETURN(client_, NewClient(Role::kConsumer, std::move(conf)));
  rd_kafka_poll_set_consumer(client_.get());
  queue_.reset(rd_kafka_queue_get_consumer(client_.get()));
  rd_kafka_queue_cb_event_enable(
      queue_.get(), [](rd_kafka_t*, void* wake) { static_cast<WaitEvent*>(wake)->Set(); }, &wake_);
  // For what was queued before.
  wake_.Set();
  return Rejoin();
}

KafkaConsumer::~KafkaConsumer() {
  if (!queue_) return;
  rd_kafka_queue_cb_event_enable(queue_.get(), nullptr, nullptr);
  if (rd_kafka_error_t* error = rd_kafka_consumer_close_queue(client_.get(), queue_.get());
      error != nullptr) {
    rd_kafka_error_destroy(error);
  } else {
    const absl::Duration deadline = clock_.Steady() + kCloseTime;
    while (!rd_kafka_consumer_closed(client_.get()) && clock_.Steady() < deadline) {
      // Not rd_kafka_queue_poll_callback: records that were fetched meanwhile are no callbacks, and abort it.
      if (rd_kafka_message_t* unread = rd_kafka_consume_queue(queue_.get(), kCloseMillis); unread != nullptr)
        rd_kafka_message_destroy(unread);
    }
  }
}

// Called from within Poll (and the destructor), never from librdkafka's threads.
void KafkaConsumer::OnRebalance(rd_kafka_resp_err_t what, const rd_kafka_topic_partition_list_t& partitions) {
  rebalanced_ = true;
  owned_.clear();
  places_.clear();
  outside_.clear();
  if (what != RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
    rd_kafka_assign(client_.get(), nullptr);
    return;
  }
  for (int i = 0; i < partitions.cnt; ++i)
    owned_.insert({partitions.elems[i].topic, partitions.elems[i].partition});
  // An empty list settles the assignment with the group at once, however long the caller needs until Start;
  // otherwise the whole group's next rebalance would wait for it.
  rd_kafka_assign(client_.get(), ToList({}).get());
}

void KafkaConsumer::OnError(int error, std::string_view text) {
  trouble_.Note(error, text);
  if (error == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) {
    pending_ = absl::UnavailableError(fmt::format("events: {}", trouble_.Describe(config_)));
  } else if (error == RD_KAFKA_RESP_ERR__AUTHENTICATION) {
    pending_ = ToStatus(error, trouble_.Describe(config_));
  }
}

absl::StatusOr<Polled> KafkaConsumer::Poll(int max_records) {
  Polled polled;
  batch_.resize(static_cast<size_t>(std::max(max_records, 1)));
  const ssize_t count = rd_kafka_consume_batch_queue(queue_.get(), 0, batch_.data(), batch_.size());
  // A rebalance amid the batch leaves records of the old assignment in front of it.
  const bool rebalanced = std::exchange(rebalanced_, false);
  for (ssize_t i = 0; i < count; ++i) {
    if (batch_[i]->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
      TakeError(*batch_[i]);
    } else if (!rebalanced) {
      Take(*batch_[i], polled);
    }
    rd_kafka_message_destroy(batch_[i]);
  }
  if (rebalanced) {
    polled.assigned = true;
    polled.partitions.assign(owned_.begin(), owned_.end());
  }
  if (!outside_.empty()) {
    if (const absl::Status found = FindStarts(polled); !found.ok())
      pending_ = absl::UnavailableError(found.message());
  }
  // The queue tells only when it stops being empty.
  if (count > 0 || rebalanced || !pending_.ok()) wake_.Set();
  const bool nothing = polled.records.empty() && polled.truncated.empty() && !polled.assigned;
  if (nothing && !pending_.ok()) return std::exchange(pending_, absl::OkStatus());
  return polled;
}

void KafkaConsumer::Take(rd_kafka_message_t& message, Polled& polled) {
  Record record = ToRecord(message);
  const auto place = places_.find({record.topic, record.partition});
  if (place == places_.end()) return;
  place->second = record.offset + 1;
  polled.records.push_back(std::move(record));
}

void KafkaConsumer::TakeError(rd_kafka_message_t& message) {
  const std::string topic = message.rkt == nullptr ? "" : rd_kafka_topic_name(message.rkt);
  switch (message.err) {
    case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
      if (const Partition partition{topic, message.partition}; places_.erase(partition) > 0)
        outside_.insert(partition);
      break;
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
      pending_ = UnknownTopic(topic);
      break;
    case RD_KAFKA_RESP_ERR__MAX_POLL_EXCEEDED:
      // The rebalance that follows says what matters.
      break;
    default:
      pending_ = ToStatus(message.err, fmt::format("read {}: {}", topic, rd_kafka_message_errstr(&message)));
  }
}

absl::Status KafkaConsumer::FindStarts(Polled& polled) {
  const std::vector<Partition> partitions(outside_.begin(), outside_.end());
  ASSIGN_OR_RETURN(polled.truncated, FetchOffsets(client_.get(), partitions, Edge::kStart, clock_,
                                                  clock_.Steady() + kQueryTime));
  outside_.clear();
  return absl::OkStatus();
}

absl::Status KafkaConsumer::Start(const std::vector<PartitionOffset>& offsets) {
  for (const auto& [partition, offset] : offsets) {
    if (offset < 0) {
      return absl::InvalidArgumentError(fmt::format("events: offset {} of {}/{} is negative", offset,
                                                    partition.topic, partition.partition));
    }
  }
  bool any = false;
  for (const auto& [partition, offset] : offsets) {
    if (!owned_.contains(partition)) continue;
    places_[partition] = offset;
    outside_.erase(partition);
    any = true;
  }
  if (!any) return absl::OkStatus();
  // The whole assignment anew, rather than a seek, which must not race what is fetched already.
  std::vector<PartitionOffset> all;
  for (const auto& [partition, offset] : places_) all.push_back({partition, offset});
  return ToStatus(rd_kafka_assign(client_.get(), ToList(all).get()), "start reading");
}

absl::Status KafkaConsumer::Rejoin() {
  std::vector<PartitionOffset> wanted;
  for (const std::string& topic : topics_) wanted.push_back({{topic, RD_KAFKA_PARTITION_UA}, 0});
  return ToStatus(rd_kafka_subscribe(client_.get(), ToList(wanted).get()), "join the group");
}

void KafkaConsumer::Report(const std::vector<PartitionOffset>& offsets) {
  if (!offsets.empty()) rd_kafka_commit(client_.get(), ToList(offsets).get(), 1);
}

}  // namespace

absl::StatusOr<std::unique_ptr<Consumer>> JoinGroup(const Config& config, Clock& clock,
                                                    std::string_view group,
                                                    const std::vector<std::string>& topics, WaitEvent& wake) {
  auto consumer = std::make_unique<KafkaConsumer>(config, clock, topics, wake);
  RETURN_IF_ERROR(consumer->Open(group));
  return consumer;
}

}  // namespace finalmile::events::kafka
