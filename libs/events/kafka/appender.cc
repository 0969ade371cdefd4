#include "libs/events/kafka/appender.h"

#include <algorithm>
#include <iterator>

#include "libs/base/status.h"
#include "libs/events/checks.h"

namespace finalmile::events::kafka {

std::vector<std::shared_ptr<Producer>> KafkaAppender::TakeUnused() {
  const auto used =
      std::partition(replaced_.begin(), replaced_.end(), [](const auto& one) { return one.use_count() > 1; });
  std::vector<std::shared_ptr<Producer>> unused(std::make_move_iterator(used),
                                                std::make_move_iterator(replaced_.end()));
  replaced_.erase(used, replaced_.end());
  return unused;
}

std::shared_ptr<Producer> KafkaAppender::Usable() const {
  std::lock_guard lock(mutex_);
  return current_ && !current_->failed() ? current_ : nullptr;
}

absl::StatusOr<std::shared_ptr<Producer>> KafkaAppender::Current() {
  if (std::shared_ptr<Producer> usable = Usable()) return usable;
  std::lock_guard making(making_mutex_);
  if (std::shared_ptr<Producer> usable = Usable()) return usable;
  // They end after the lock is given back: that may take seconds.
  std::vector<std::shared_ptr<Producer>> unused;
  ASSIGN_OR_RETURN(std::shared_ptr<Producer> made, Producer::New(config_, clock_));
  std::lock_guard lock(mutex_);
  if (current_) replaced_.push_back(std::move(current_));
  unused = TakeUnused();
  ++generation_;
  return current_ = std::move(made);
}

absl::Status KafkaAppender::Append(const std::vector<Message>& messages, absl::Duration deadline) {
  const std::shared_ptr<WaitEvent> wake = clock_.NewWaitEvent();
  ASSIGN_OR_RETURN(const std::unique_ptr<Pending> append, StartAppend(messages, deadline, wake));
  return Await(*append, *wake, deadline);
}

absl::StatusOr<std::unique_ptr<Pending>> KafkaAppender::StartAppend(const std::vector<Message>& messages,
                                                                    absl::Duration deadline,
                                                                    std::shared_ptr<Signal> signal) {
  RETURN_IF_ERROR(CheckSizes(messages, config_.max_message_bytes));
  if (messages.empty()) return Finished(absl::OkStatus());
  ASSIGN_OR_RETURN(const std::shared_ptr<Producer> producer, Current());
  return producer->StartAppend(messages, deadline, std::move(signal));
}

absl::StatusOr<std::unique_ptr<Pending>> KafkaAppender::TryStartAppend(const std::vector<Message>& messages,
                                                                       std::shared_ptr<Signal> signal) {
  RETURN_IF_ERROR(CheckSizes(messages, config_.max_message_bytes));
  if (messages.empty()) return Finished(absl::OkStatus());
  const std::shared_ptr<Producer> producer = Usable();
  if (producer == nullptr) return nullptr;
  return producer->TryStartAppend(messages, std::move(signal));
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
