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
// dropped when, after the last call that uses it has ended, another one is replaced. So memory is bounded by
// 64 MiB of queue for each producer in use, and for one that is not.
class KafkaAppender {
 public:
  // `config` and `clock` must outlive the appender.
  KafkaAppender(const Config& config, Clock& clock) : config_(config), clock_(clock) {}

  // See EventLog.
  absl::Status Append(const std::vector<Message>& messages, absl::Duration deadline);
  absl::StatusOr<std::unique_ptr<Pending>> StartAppend(const std::vector<Message>& messages,
                                                       absl::Duration deadline,
                                                       std::shared_ptr<Signal> signal);
  absl::StatusOr<std::unique_ptr<Pending>> TryStartAppend(const std::vector<Message>& messages,
                                                          std::shared_ptr<Signal> signal);

  // Makes the producer in use meet a fatal error, for tests. FAILED_PRECONDITION when nothing has been
  // appended yet.
  absl::Status InjectFatalError(std::string_view reason);
  // How many producers have been made.
  int64_t generation() const;

 private:
  // The producer in use; null: there is none, or it has failed.
  std::shared_ptr<Producer> Usable() const;
  // The producer in use, or a new one.
  absl::StatusOr<std::shared_ptr<Producer>> Current();
  // Those that were replaced and that no append uses any more. A producer must not end on the thread that
  // reports its deliveries, where the last append that uses it may end: so they are kept here until then.
  std::vector<std::shared_ptr<Producer>> TakeUnused();

  const Config& config_;
  Clock& clock_;
  // Held by who makes a producer, so that nobody else waits for that.
  std::mutex making_mutex_;
  mutable std::mutex mutex_;
  std::shared_ptr<Producer> current_;
  std::vector<std::shared_ptr<Producer>> replaced_;
  int64_t generation_ = 0;
};

}  // namespace finalmile::events::kafka
