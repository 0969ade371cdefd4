#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "libs/events/event_log.h"
#include "libs/events/kafka/client.h"

struct rd_kafka_topic_s;
struct rd_kafka_op_s;

namespace finalmile::events::kafka {

// One append under way. Shared by who waits for it, and may leave early, and the delivery reports that are to
// come.
class Delivery {
 public:
  Delivery(int64_t messages, std::shared_ptr<Signal> signal)
      : waiting_(messages), signal_(std::move(signal)) {}

  // `messages` of them are settled; `error` is 0 or the rd_kafka_resp_err_t of one that failed. The last one
  // signals who waits, and gives up the share of the reports.
  void Settle(int64_t messages, int error);
  // Gives up the share of who waits.
  void Leave();

  // Whether every message is settled.
  bool done() const { return waiting_.load() == 0; }
  // The first error; 0: none.
  int error() const { return error_.load(); }

 private:
  ~Delivery() = default;
  void Release();

  std::atomic<int64_t> waiting_;
  std::atomic<int> error_ = 0;
  std::atomic<int> shares_ = 2;
  std::mutex mutex_;
  // Null once nobody waits, or has been signalled.
  std::shared_ptr<Signal> signal_;
};

// One instance of librdkafka's idempotent producer. Thread-safe.
class Producer : public std::enable_shared_from_this<Producer> {
 public:
  static absl::StatusOr<std::shared_ptr<Producer>> New(const Config& config, Clock& clock);
  // Drops what has not been delivered.
  ~Producer();

  // See EventLog::StartAppend. What is given up leaves undelivered messages in the queue.
  absl::StatusOr<std::unique_ptr<Pending>> StartAppend(const std::vector<Message>& messages,
                                                       absl::Duration deadline,
                                                       std::shared_ptr<Signal> signal);
  // See EventLog::TryStartAppend.
  absl::StatusOr<std::unique_ptr<Pending>> TryStartAppend(const std::vector<Message>& messages,
                                                          std::shared_ptr<Signal> signal);

  // Whether it must be replaced: a fatal error, or a second without any delivery up to a call's deadline.
  bool failed() const { return failed_.load(); }
  void InjectFatalError(std::string_view reason);

 private:
  class Append;
  Producer(const Config& config, Clock& clock) : config_(config), clock_(clock) {}

  // Those of `messages` that are not known to exist.
  std::set<std::string_view> UnknownTopics(const std::vector<Message>& messages);
  absl::Status RequireTopics(const std::vector<Message>& messages, absl::Duration deadline);
  // UNAVAILABLE when Kafka does not answer within two seconds.
  absl::StatusOr<std::vector<TopicSpec>> LookUpTopics(absl::Duration deadline);
  // Makes the append of `messages`, of which none is enqueued yet.
  std::unique_ptr<Append> NewAppend(const std::vector<Message>& messages, std::shared_ptr<Signal> signal);
  absl::Status Enqueue(const std::vector<Message>& messages, absl::Duration deadline, Delivery& delivery);
  // Takes the messages from `begin` on off the append: they were not enqueued.
  void Withdraw(const std::vector<Message>& messages, size_t begin, Delivery& delivery);
  // Enqueues some of the messages from `begin` on, all of them to one topic. Returns how many were taken, and
  // the error that stopped it, if any.
  size_t EnqueueSome(const std::vector<Message>& messages, size_t begin, Delivery& delivery, int& error);
  int EnqueueWithHeaders(rd_kafka_topic_s* topic, const Message& message, Delivery& delivery);
  absl::Status ToError(int error, std::string_view topic);
  // DEADLINE_EXCEEDED; marks a producer that is stuck.
  absl::Status Late(std::string text);
  rd_kafka_topic_s* TopicOf(const std::string& name);

  int64_t SteadyMicros() const { return absl::ToInt64Microseconds(clock_.Steady()); }
  void OnEvent(rd_kafka_op_s* event);
  void OnDeliveries(rd_kafka_op_s* event);

  const Config& config_;
  Clock& clock_;
  Trouble trouble_;
  Client client_;
  std::atomic<bool> failed_ = false;
  std::atomic<int64_t> outstanding_ = 0;
  // Steady microseconds: the last delivery, or, if later, when something was enqueued after nothing had been
  // outstanding.
  std::atomic<int64_t> quiet_since_ = 0;

  // Held by who looks topics up; and whether the last look-up failed.
  std::mutex looking_mutex_;
  std::atomic<bool> away_ = false;

  std::mutex mutex_;
  std::map<std::string, rd_kafka_topic_s*> topics_;
  // Topics that exist as far as is known.
  std::set<std::string> known_;
  // Calls that wait for room in the queue.
  std::set<WaitEvent*> waiting_for_room_;
};

}  // namespace finalmile::events::kafka
