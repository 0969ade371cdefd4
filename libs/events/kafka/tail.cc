#include "libs/events/kafka/tail.h"

#include <librdkafka/rdkafka.h>

#include <algorithm>
#include <map>
#include <utility>

#include "fmt/format.h"
#include "libs/base/status.h"
#include "libs/events/checks.h"
#include "libs/events/kafka/client.h"

namespace finalmile::events::kafka {
namespace {

class KafkaTail final : public Tail {
 public:
  KafkaTail(const Config& config, Clock& clock, WaitEvent& wake)
      : config_(config), clock_(clock), wake_(wake) {}
  ~KafkaTail() override {
    if (queue_) rd_kafka_queue_cb_event_enable(queue_.get(), nullptr, nullptr);
  }

  absl::Status Open(const std::vector<std::string>& topics, TailFrom from, absl::Duration deadline);
  absl::StatusOr<std::vector<Record>> Poll(int max_records) override;
  bool caught_up() const override { return behind_.empty(); }

 private:
  void OnError(int error, std::string_view text);
  // Everything before `offset` has been read.
  void Reached(const Partition& partition, int64_t offset);

  const Config& config_;
  Clock& clock_;
  WaitEvent& wake_;
  Trouble trouble_;
  Client client_;
  Queue queue_;
  // The ends at opening that have not been reached.
  std::map<Partition, int64_t> behind_;
  absl::Status pending_ = absl::OkStatus();
  std::vector<rd_kafka_message_t*> batch_;
};

absl::Status KafkaTail::Open(const std::vector<std::string>& topics, TailFrom from, absl::Duration deadline) {
  Properties own = ConsumerProperties();
  own.insert(own.end(),
             {{"group.id", "finalmile-tail"},  // librdkafka wants a name; the group is never joined
              {"enable.partition.eof", "true"},
              {"auto.offset.reset", "earliest"}});
  ASSIGN_OR_RETURN(Conf conf, NewConf(config_, own));
  rd_kafka_conf_set_opaque(conf.get(), this);
  rd_kafka_conf_set_error_cb(conf.get(), [](rd_kafka_t*, int error, const char* text, void* self) {
    static_cast<KafkaTail*>(self)->OnError(error, text);
  });
  ASSIGN_OR_RETURN(client_, NewClient(Role::kConsumer, std::move(conf)));
  rd_kafka_poll_set_consumer(client_.get());

  ASSIGN_OR_RETURN(const std::vector<Partition> partitions,
                   FetchPartitions(client_.get(), config_, trouble_, topics, clock_, deadline));
  ASSIGN_OR_RETURN(std::vector<PartitionOffset> begins,
                   FetchOffsets(client_.get(), partitions, Edge::kStart, clock_, deadline));
  ASSIGN_OR_RETURN(const std::vector<PartitionOffset> ends,
                   FetchOffsets(client_.get(), partitions, Edge::kEnd, clock_, deadline));
  for (size_t i = 0; i < ends.size(); ++i) {
    if (from == TailFrom::kStart && begins[i].offset < ends[i].offset)
      behind_[ends[i].partition] = ends[i].offset;
  }
  queue_.reset(rd_kafka_queue_get_consumer(client_.get()));
  rd_kafka_queue_cb_event_enable(
      queue_.get(), [](rd_kafka_t*, void* wake) { static_cast<WaitEvent*>(wake)->Set(); }, &wake_);
  wake_.Set();
  return ToStatus(rd_kafka_assign(client_.get(), ToList(from == TailFrom::kStart ? begins : ends).get()),
                  "start the tail");
}

void KafkaTail::OnError(int error, std::string_view text) {
  trouble_.Note(error, text);
  if (error == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) {
    pending_ = absl::UnavailableError(fmt::format("events: {}", trouble_.Describe(config_)));
  }
}

absl::StatusOr<std::vector<Record>> KafkaTail::Poll(int max_records) {
  std::vector<Record> records;
  batch_.resize(static_cast<size_t>(std::max(max_records, 1)));
  const ssize_t count = rd_kafka_consume_batch_queue(queue_.get(), 0, batch_.data(), batch_.size());
  for (ssize_t i = 0; i < count; ++i) {
    rd_kafka_message_t& message = *batch_[i];
    if (message.err == RD_KAFKA_RESP_ERR_NO_ERROR) {
      records.push_back(ToRecord(message));
      if (!behind_.empty()) Reached({records.back().topic, message.partition}, message.offset + 1);
    } else if (message.err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
      if (!behind_.empty()) Reached({rd_kafka_topic_name(message.rkt), message.partition}, message.offset);
    } else {
      pending_ = ToStatus(message.err, fmt::format("tail: {}", rd_kafka_message_errstr(&message)));
    }
    rd_kafka_message_destroy(&message);
  }
  // The queue tells only when it stops being empty.
  if (count > 0 || !pending_.ok()) wake_.Set();
  if (records.empty() && !pending_.ok()) return std::exchange(pending_, absl::OkStatus());
  return records;
}

void KafkaTail::Reached(const Partition& partition, int64_t offset) {
  const auto it = behind_.find(partition);
  if (it != behind_.end() && offset >= it->second) behind_.erase(it);
}

}  // namespace

absl::StatusOr<std::unique_ptr<Tail>> OpenTail(const Config& config, Clock& clock,
                                               const std::vector<std::string>& topics, TailFrom from,
                                               absl::Duration deadline, WaitEvent& wake) {
  RETURN_IF_ERROR(CheckDeadline(clock, deadline));
  auto tail = std::make_unique<KafkaTail>(config, clock, wake);
  const absl::Status opened = tail->Open(topics, from, deadline);
  if (absl::IsDeadlineExceeded(opened)) return absl::UnavailableError(opened.message());
  RETURN_IF_ERROR(opened);
  return tail;
}

}  // namespace finalmile::events::kafka
