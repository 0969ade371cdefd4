#include "libs/events/kafka/kafka_log.h"

#include "libs/base/status.h"
#include "libs/events/kafka/admin.h"
#include "libs/events/kafka/appender.h"
#include "libs/events/kafka/config.h"
#include "libs/events/kafka/consumer.h"
#include "libs/events/kafka/end_offsets.h"
#include "libs/events/kafka/tail.h"

namespace finalmile::events {
namespace {

class KafkaLog final : public EventLog {
 public:
  KafkaLog(kafka::Config config, Clock& clock)
      : config_(std::move(config)), clock_(clock), appender_(config_, clock), ends_(config_, clock) {}

  absl::Status Append(const std::vector<Message>& messages, absl::Duration deadline) override {
    return appender_.Append(messages, deadline);
  }
  absl::StatusOr<std::unique_ptr<Pending>> StartAppend(const std::vector<Message>& messages,
                                                       absl::Duration deadline,
                                                       std::shared_ptr<Signal> signal) override {
    return appender_.StartAppend(messages, deadline, std::move(signal));
  }
  absl::StatusOr<std::unique_ptr<Pending>> TryStartAppend(const std::vector<Message>& messages,
                                                          std::shared_ptr<Signal> signal) override {
    return appender_.TryStartAppend(messages, std::move(signal));
  }
  bool has_queue() const override { return true; }
  int64_t max_message_bytes() const override { return config_.max_message_bytes; }
  std::string_view system() const override { return "kafka"; }

  absl::StatusOr<std::unique_ptr<Consumer>> Join(std::string_view group,
                                                 const std::vector<std::string>& topics,
                                                 WaitEvent& wake) override {
    return kafka::JoinGroup(config_, clock_, group, topics, wake);
  }
  absl::StatusOr<std::unique_ptr<Tail>> OpenTail(const std::vector<std::string>& topics, TailFrom from,
                                                 absl::Duration deadline, WaitEvent& wake) override {
    return kafka::OpenTail(config_, clock_, topics, from, deadline, wake);
  }
  absl::StatusOr<std::vector<PartitionOffset>> EndOffsets(const std::vector<std::string>& topics,
                                                          absl::Duration deadline) override {
    return ends_.Of(topics, kafka::Edge::kEnd, deadline);
  }
  absl::StatusOr<std::vector<PartitionOffset>> StartOffsets(const std::vector<std::string>& topics,
                                                            absl::Duration deadline) override {
    return ends_.Of(topics, kafka::Edge::kStart, deadline);
  }
  absl::Status ApplyTopics(const std::vector<TopicSpec>& topics, absl::Duration deadline) override {
    return kafka::ApplyTopics(config_, clock_, topics, deadline);
  }
  absl::StatusOr<std::vector<TopicSpec>> ListTopics(absl::Duration deadline) override {
    return kafka::ListTopics(config_, clock_, deadline);
  }
  std::vector<Step*> steps() override { return {}; }

 private:
  const kafka::Config config_;
  Clock& clock_;
  kafka::KafkaAppender appender_;
  kafka::EndOffsets ends_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<EventLog>> OpenKafka(std::string_view url, Clock& clock) {
  ASSIGN_OR_RETURN(kafka::Config config, kafka::ParseUrl(url));
  return std::make_unique<KafkaLog>(std::move(config), clock);
}

}  // namespace finalmile::events
