#include "libs/events/kafka/producer.h"

#include <librdkafka/rdkafka.h>

#include <algorithm>

#include "fmt/format.h"
#include "libs/base/status.h"
#include "libs/events/checks.h"

namespace finalmile::events::kafka {
namespace {

constexpr size_t kEnqueueAtOnce = 1'000;
constexpr int kDropMillis = 5'000;
constexpr int64_t kStuckMicros = 1'000'000;
constexpr absl::Duration kLookUpTime = absl::Seconds(2);

// An empty key is no key: librdkafka spreads records without one.
void* KeyOf(const Message& message) {
  return message.key.empty() ? nullptr : const_cast<char*>(message.key.data());
}

}  // namespace

void Delivery::Settle(int64_t messages, int error) {
  int none = 0;
  if (error != 0) error_.compare_exchange_strong(none, error);
  if (messages == 0 || waiting_.fetch_sub(messages) != messages) return;
  std::shared_ptr<Signal> signal;
  {
    std::lock_guard lock(mutex_);
    signal = std::move(signal_);
  }
  if (signal != nullptr) signal->Set();
  Release();
}

void Delivery::Leave() {
  std::shared_ptr<Signal> signal;
  {
    std::lock_guard lock(mutex_);
    signal = std::move(signal_);
  }
  Release();
}

void Delivery::Release() {
  if (shares_.fetch_sub(1) == 1) delete this;
}

absl::StatusOr<std::shared_ptr<Producer>> Producer::New(const Config& config, Clock& clock) {
  std::shared_ptr<Producer> producer(new Producer(config, clock));
  ASSIGN_OR_RETURN(
      Conf conf,
      NewConf(config, {{"enable.idempotence", "true"},
                       {"acks", "all"},
                       // Each call has its own deadline; a message that librdkafka gave up would leave a gap.
                       {"message.timeout.ms", "0"},
                       // A broker takes any first sequence number of a producer that it does not know, so
                       // behind a refused first request a second one would be stored, and the first one lost.
                       {"max.in.flight.requests.per.connection", "1"},
                       {"partitioner", "murmur2_random"},
                       {"linger.ms", "0"},
                       {"queue.buffering.max.messages", "100000"},
                       {"queue.buffering.max.kbytes", "65536"}}));
  rd_kafka_conf_set_opaque(conf.get(), producer.get());
  rd_kafka_conf_set_events(conf.get(), RD_KAFKA_EVENT_DR | RD_KAFKA_EVENT_ERROR);
  rd_kafka_conf_set_background_event_cb(conf.get(), [](rd_kafka_t*, rd_kafka_event_t* event, void* opaque) {
    static_cast<Producer*>(opaque)->OnEvent(event);
  });
  ASSIGN_OR_RETURN(producer->client_, NewClient(Role::kProducer, std::move(conf)));
  const Queue main(rd_kafka_queue_get_main(producer->client_.get()));
  const Queue background(rd_kafka_queue_get_background(producer->client_.get()));
  rd_kafka_queue_forward(main.get(), background.get());
  return producer;
}

Producer::~Producer() {
  if (!client_) return;
  // Every message must be reported, since its Delivery waits for that.
  rd_kafka_purge(client_.get(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
  rd_kafka_flush(client_.get(), kDropMillis);
  for (const auto& [name, topic] : topics_) rd_kafka_topic_destroy(topic);
  client_.reset();
}

class Producer::Append final : public Pending {
 public:
  Append(std::shared_ptr<Producer> producer, Delivery& delivery, const std::vector<Message>& messages)
      : producer_(std::move(producer)),
        delivery_(delivery),
        topic_(messages.front().topic),
        count_(messages.size()) {}
  ~Append() override { delivery_.Leave(); }

  Delivery& delivery() { return delivery_; }

  std::optional<absl::Status> Outcome() override {
    if (!delivery_.done()) return std::nullopt;
    const int error = delivery_.error();
    return error == 0 ? absl::OkStatus() : producer_->ToError(error, topic_);
  }
  absl::Status GiveUp() override {
    return producer_->Late(
        fmt::format("events: Kafka at {} has not acknowledged {} messages in time; append them again",
                    producer_->config_.servers, count_));
  }

 private:
  const std::shared_ptr<Producer> producer_;
  Delivery& delivery_;
  const std::string topic_;
  const size_t count_;
};

std::unique_ptr<Producer::Append> Producer::NewAppend(const std::vector<Message>& messages,
                                                      std::shared_ptr<Signal> signal) {
  const auto count = static_cast<int64_t>(messages.size());
  if (outstanding_.fetch_add(count) == 0) quiet_since_.store(SteadyMicros());
  return std::make_unique<Append>(shared_from_this(), *new Delivery(count, std::move(signal)), messages);
}

absl::StatusOr<std::unique_ptr<Pending>> Producer::StartAppend(const std::vector<Message>& messages,
                                                               absl::Duration deadline,
                                                               std::shared_ptr<Signal> signal) {
  RETURN_IF_ERROR(RequireTopics(messages, deadline));
  std::unique_ptr<Append> append = NewAppend(messages, std::move(signal));
  RETURN_IF_ERROR(Enqueue(messages, deadline, append->delivery()));
  return append;
}

absl::StatusOr<std::unique_ptr<Pending>> Producer::TryStartAppend(const std::vector<Message>& messages,
                                                                  std::shared_ptr<Signal> signal) {
  if (!UnknownTopics(messages).empty()) return nullptr;
  std::unique_ptr<Append> append = NewAppend(messages, std::move(signal));
  size_t done = 0;
  int error = 0;
  while (done < messages.size() && error == 0) done += EnqueueSome(messages, done, append->delivery(), error);
  if (error == 0) return append;
  Delivery& delivery = append->delivery();
  append.reset();
  Withdraw(messages, done, delivery);
  if (error == RD_KAFKA_RESP_ERR__QUEUE_FULL) {
    if (done == 0) return nullptr;
    return absl::UnavailableError(fmt::format("events: the queue to Kafka at {} is full", config_.servers));
  }
  return ToError(error, messages[done].topic);
}

absl::Status Producer::Late(std::string text) {
  // A producer that makes progress will deliver what a call leaves behind; one that makes none would gather
  // it.
  if (SteadyMicros() - quiet_since_.load() >= kStuckMicros) {
    failed_.store(true);
    text += fmt::format("; {}", trouble_.Describe(config_));
  }
  return absl::DeadlineExceededError(text);
}

std::set<std::string_view> Producer::UnknownTopics(const std::vector<Message>& messages) {
  std::set<std::string_view> unknown;
  std::lock_guard lock(mutex_);
  const std::string* last = nullptr;
  for (const Message& message : messages) {
    if (last != nullptr && message.topic == *last) continue;
    last = &message.topic;
    if (!known_.contains(message.topic)) unknown.insert(message.topic);
  }
  return unknown;
}

absl::Status Producer::RequireTopics(const std::vector<Message>& messages, absl::Duration deadline) {
  std::set<std::string_view> unknown = UnknownTopics(messages);
  if (unknown.empty()) return absl::OkStatus();
  ASSIGN_OR_RETURN(const std::vector<TopicSpec> existing, LookUpTopics(deadline));
  for (const TopicSpec& topic : existing) unknown.erase(topic.name);
  if (!unknown.empty()) return UnknownTopic(*unknown.begin());
  std::lock_guard lock(mutex_);
  for (const Message& message : messages) {
    rd_kafka_topic_t*& topic = topics_[message.topic];
    if (topic == nullptr) topic = rd_kafka_topic_new(client_.get(), message.topic.c_str(), nullptr);
    known_.insert(message.topic);
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<TopicSpec>> Producer::LookUpTopics(absl::Duration deadline) {
  if (clock_.Steady() >= deadline)
    return absl::DeadlineExceededError("events: no time is left to look the topics up");
  // While Kafka is away one caller at a time finds that out, so that the others keep their threads.
  const bool was_away = away_.load();
  std::unique_lock looking(looking_mutex_, std::defer_lock);
  if (was_away ? !looking.try_lock() : (looking.lock(), away_.load()))
    return absl::UnavailableError(fmt::format("events: {}", trouble_.Describe(config_)));
  auto existing = FetchTopics(client_.get(), config_, trouble_, clock_,
                              std::min(deadline, clock_.Steady() + kLookUpTime));
  away_.store(!existing.ok());
  if (absl::IsDeadlineExceeded(existing.status()))
    return absl::UnavailableError(fmt::format("events: {}", trouble_.Describe(config_)));
  return existing;
}

absl::Status Producer::Enqueue(const std::vector<Message>& messages, absl::Duration deadline,
                               Delivery& delivery) {
  std::unique_ptr<WaitEvent> room;
  absl::Status status = absl::OkStatus();
  size_t done = 0;
  while (done < messages.size()) {
    int error = 0;
    const size_t taken = EnqueueSome(messages, done, delivery, error);
    done += taken;
    if (error == 0) continue;
    if (error != RD_KAFKA_RESP_ERR__QUEUE_FULL) {
      status = ToError(error, messages[done].topic);
      break;
    }
    // The first time round only asks to be told of room, and tries again: room may have come just before.
    if (!room) {
      room = clock_.NewWaitEvent();
      std::lock_guard lock(mutex_);
      waiting_for_room_.insert(room.get());
      continue;
    }
    if (taken == 0 && !room->WaitUntil(deadline)) {
      status = Late(fmt::format("events: the queue to Kafka at {} is full", config_.servers));
      break;
    }
    room->Clear();
  }
  if (room) {
    std::lock_guard lock(mutex_);
    waiting_for_room_.erase(room.get());
  }
  Withdraw(messages, done, delivery);
  return status;
}

void Producer::Withdraw(const std::vector<Message>& messages, size_t begin, Delivery& delivery) {
  const auto rest = static_cast<int64_t>(messages.size() - begin);
  outstanding_.fetch_sub(rest);
  delivery.Settle(rest, 0);
}

size_t Producer::EnqueueSome(const std::vector<Message>& messages, size_t begin, Delivery& delivery,
                             int& error) {
  const std::string& name = messages[begin].topic;
  rd_kafka_topic_t* topic = TopicOf(name);
  if (!messages[begin].headers.empty()) {
    error = EnqueueWithHeaders(topic, messages[begin], delivery);
    return error == 0 ? 1 : 0;
  }
  std::vector<rd_kafka_message_t> batch;
  for (size_t i = begin; i < messages.size() && batch.size() < kEnqueueAtOnce; ++i) {
    const Message& message = messages[i];
    if (message.topic != name || !message.headers.empty()) break;
    rd_kafka_message_t& out = batch.emplace_back();
    out.payload = const_cast<char*>(message.value.data());
    out.len = message.value.size();
    out.key = KeyOf(message);
    out.key_len = message.key.size();
    out._private = &delivery;
  }
  const int taken = rd_kafka_produce_batch(topic, RD_KAFKA_PARTITION_UA, RD_KAFKA_MSG_F_COPY, batch.data(),
                                           static_cast<int>(batch.size()));
  if (taken == static_cast<int>(batch.size())) return batch.size();
  // A full queue ends the batch. Other errors may strike one message alone, and fail the call.
  size_t first = 0;
  while (batch[first].err == RD_KAFKA_RESP_ERR_NO_ERROR) ++first;
  error = batch[first].err;
  return taken;
}

int Producer::EnqueueWithHeaders(rd_kafka_topic_s* topic, const Message& message, Delivery& delivery) {
  rd_kafka_headers_t* headers = rd_kafka_headers_new(message.headers.size());
  for (const auto& [name, value] : message.headers) {
    rd_kafka_header_add(headers, name.data(), static_cast<ssize_t>(name.size()), value.data(),
                        static_cast<ssize_t>(value.size()));
  }
  const rd_kafka_resp_err_t error = rd_kafka_producev(
      client_.get(), RD_KAFKA_V_RKT(topic), RD_KAFKA_V_PARTITION(RD_KAFKA_PARTITION_UA),
      RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_KEY(KeyOf(message), message.key.size()),
      RD_KAFKA_V_VALUE(const_cast<char*>(message.value.data()), message.value.size()),
      RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_OPAQUE(&delivery), RD_KAFKA_V_END);
  // Taken over only with the message.
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) rd_kafka_headers_destroy(headers);
  return error;
}

absl::Status Producer::ToError(int error, std::string_view topic) {
  if (error == RD_KAFKA_RESP_ERR__FATAL) {
    failed_.store(true);
    return absl::UnavailableError(
        "events: the Kafka producer has met a fatal error and is rebuilt; append again");
  }
  absl::Status status = ToStatus(error, fmt::format("append to {}", topic));
  if (absl::IsNotFound(status)) {
    // Deleted since: the next call asks anew.
    std::lock_guard lock(mutex_);
    known_.erase(std::string(topic));
    return UnknownTopic(topic);
  }
  return status;
}

rd_kafka_topic_s* Producer::TopicOf(const std::string& name) {
  std::lock_guard lock(mutex_);
  return topics_.at(name);
}

void Producer::InjectFatalError(std::string_view reason) {
  rd_kafka_test_fatal_error(client_.get(), RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER,
                            std::string(reason).c_str());
}

void Producer::OnEvent(rd_kafka_op_s* event) {
  switch (rd_kafka_event_type(event)) {
    case RD_KAFKA_EVENT_DR:
      OnDeliveries(event);
      break;
    case RD_KAFKA_EVENT_ERROR:
      trouble_.Note(rd_kafka_event_error(event), rd_kafka_event_error_string(event));
      if (rd_kafka_event_error_is_fatal(event)) failed_.store(true);
      break;
    default:
      break;
  }
  const bool delivered = rd_kafka_event_type(event) == RD_KAFKA_EVENT_DR;
  // Makes the room that the messages took.
  rd_kafka_event_destroy(event);
  if (!delivered) return;
  std::lock_guard lock(mutex_);
  for (WaitEvent* waiting : waiting_for_room_) waiting->Set();
}

void Producer::OnDeliveries(rd_kafka_op_s* event) {
  const rd_kafka_message_t* message = rd_kafka_event_message_next(event);
  while (message != nullptr) {
    auto* delivery = static_cast<Delivery*>(message->_private);
    int64_t run = 0;
    int error = 0;
    for (; message != nullptr && message->_private == delivery;
         message = rd_kafka_event_message_next(event)) {
      ++run;
      if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) error = message->err;
    }
    outstanding_.fetch_sub(run);
    if (error == 0) quiet_since_.store(SteadyMicros());
    delivery->Settle(run, error);
  }
}

}  // namespace finalmile::events::kafka
