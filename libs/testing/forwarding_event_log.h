#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "libs/events/event_log.h"

namespace finalmile::testing {

// Does as another log does: what a test's own log overrides is what differs.
class ForwardingEventLog : public events::EventLog {
 public:
  // `inner` outlives it.
  explicit ForwardingEventLog(events::EventLog& inner) : inner_(inner) {}

  absl::Status Append(const std::vector<events::Message>& messages, absl::Duration deadline) override {
    return inner_.Append(messages, deadline);
  }
  int64_t max_message_bytes() const override { return inner_.max_message_bytes(); }
  std::string_view system() const override { return inner_.system(); }
  absl::StatusOr<std::unique_ptr<events::Consumer>> Join(std::string_view group,
                                                         const std::vector<std::string>& topics,
                                                         WaitEvent& wake) override {
    return inner_.Join(group, topics, wake);
  }
  absl::StatusOr<std::unique_ptr<events::Tail>> OpenTail(const std::vector<std::string>& topics,
                                                         events::TailFrom from, absl::Duration deadline,
                                                         WaitEvent& wake) override {
    return inner_.OpenTail(topics, from, deadline, wake);
  }
  absl::StatusOr<std::vector<events::PartitionOffset>> EndOffsets(const std::vector<std::string>& topics,
                                                                  absl::Duration deadline) override {
    return inner_.EndOffsets(topics, deadline);
  }
  absl::StatusOr<std::vector<events::PartitionOffset>> StartOffsets(const std::vector<std::string>& topics,
                                                                    absl::Duration deadline) override {
    return inner_.StartOffsets(topics, deadline);
  }
  absl::Status ApplyTopics(const std::vector<events::TopicSpec>& topics, absl::Duration deadline) override {
    return inner_.ApplyTopics(topics, deadline);
  }
  absl::StatusOr<std::vector<events::TopicSpec>> ListTopics(absl::Duration deadline) override {
    return inner_.ListTopics(deadline);
  }
  std::vector<Step*> steps() override { return inner_.steps(); }

 protected:
  events::EventLog& inner() { return inner_; }

 private:
  events::EventLog& inner_;
};

}  // namespace finalmile::testing
