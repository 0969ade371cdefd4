#include "libs/events/kafka/appender.h"

#include "libs/base/status.h"
#include "libs/events/checks.h"

namespace finalmile::events::kafka {

absl::StatusOr<std::shared_ptr<Producer>> KafkaAppender::Current() {
  std::shared_ptr<Producer> failed;
  std::lock_guard lock(mutex_);
  if (current_ && current_->failed()) failed = std::move(current_);
  if (!current_) {
    ASSIGN_OR_RETURN(current_, Producer::New(config_, clock_));
    ++generation_;
  }
  return current_;
}

absl::Status KafkaAppender::Append(const std::vector<Message>& messages, absl::Duration deadline) {
  const std::unique_ptr<WaitEvent> wake = clock_.NewWaitEvent();
  ASSIGN_OR_RETURN(const std::unique_ptr<Pending> append, StartAppend(messages, deadline, *wake));
  return Await(*append, *wake, deadline);
}

absl::StatusOr<std::unique_ptr<Pending>> KafkaAppender::StartAppend(const std::vector<Message>& messages,
                                                                    absl::Duration deadline,
                                                                    WaitEvent& wake) {
  RETURN_IF_ERROR(CheckSizes(messages, config_.max_message_bytes));
  if (messages.empty()) return Finished(absl::OkStatus());
  ASSIGN_OR_RETURN(const std::shared_ptr<Producer> producer, Current());
  return producer->StartAppend(messages, deadline, wake);
}

absl::Status KafkaAppender::InjectFatalError(std::string_view reason) {
  std::lock_guard lock(mutex_);
  if (!current_) return absl::FailedPreconditionError("events: no producer is in use yet");
  current_->InjectFatalError(reason);
  return absl::OkStatus();
}

int64_t KafkaAppender::generation() const {
  std::lock_guard lock(mutex_);
  return generation_;
}

}  // namespace finalmile::events::kafka
