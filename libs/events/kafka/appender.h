#pragma once

#include <memory>
#include <mutex>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "libs/events/event_log.h"
#include "libs/events/kafka/config.h"
#include "libs/events/kafka/producer.h"

namespace finalmile::events::kafka {

// The idempotent producer behind EventLog::Append. Thread-safe.
//
// librdkafka's own background thread takes the delivery reports and wakes each append whose last
// message is reported; we start no thread. A producer that has met a fatal error, or has delivered nothing
// for a second when a call runs into its deadline, is replaced by the next call. What it still holds is
// dropped when the last call that uses it ends. So memory is bounded by 64 MiB of queue for each producer in
// use.
class KafkaAppender {
 public:
  // `config` and `clock` must outlive the appender.
  KafkaAppender(const Config& config, Clock& clock) : config_(config), clock_(clock) {}

  // See EventLog.
  absl::Status Append(const std::vector<Message>& messages, absl::Duration deadline);
  absl::StatusOr<std::unique_ptr<Pending>> StartAppend(const std::vector<Message>& messages,
                                                       absl::Duration deadline, WaitEvent& wake);

  // Makes the producer in use meet a fatal error, for tests. FAILED_PRECONDITION when nothing has been
  // appended yet.
  absl::Status InjectFatalError(std::string_view reason);
  // How many producers have been made.
  int64_t generation() const;

 private:
  // The producer in use, or a new one when it has failed.
  absl::StatusOr<std::shared_ptr<Producer>> Current();

  const Config& config_;
  Clock& clock_;
  mutable std::mutex mutex_;
  std::shared_ptr<Producer> current_;
  int64_t generation_ = 0;
};

}  // namespace finalmile::events::kafka
