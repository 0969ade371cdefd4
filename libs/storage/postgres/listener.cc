#include "libs/storage/postgres/listener.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <utility>

#include "libs/base/backoff.h"
#include "libs/base/status.h"
#include "libs/storage/postgres/transaction.h"

namespace finalmile::storage::postgres {

// An event that also makes a file readable, so that poll() can wait for it beside a socket.
class Listener::WakeEvent final : public WaitEvent {
 public:
  explicit WakeEvent(Clock& clock)
      : event_(clock.NewWaitEvent()), file_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {}
  ~WakeEvent() override { close(file_); }

  void Set() override {
    event_->Set();
    eventfd_write(file_, 1);
  }
  void Clear() override {
    event_->Clear();
    eventfd_t value;
    eventfd_read(file_, &value);
  }
  bool WaitUntil(absl::Duration deadline) override { return event_->WaitUntil(deadline); }

  int file() const { return file_; }

 private:
  const std::unique_ptr<WaitEvent> event_;
  const int file_;
};

Listener::Listener(SessionOptions options, Clock& clock, Rng& rng, const Notifier& notifier)
    : options_(std::move(options)),
      clock_(clock),
      rng_(rng),
      notifier_(notifier),
      wake_(std::make_shared<WakeEvent>(clock)) {}

WaitEvent& Listener::wake() { return *wake_; }

absl::Duration Listener::Run() {
  if (notifier_.subscribers.empty()) return absl::InfiniteDuration();
  if (connection_ == nullptr && !Listen().ok()) return clock_.Steady() + BackoffAfter(failures_++, rng_);
  auto payloads = connection_->AwaitNotifications(wake_->file(), absl::Milliseconds(100));
  if (!payloads.ok()) {
    connection_.reset();
    return clock_.Steady() + BackoffAfter(failures_++, rng_);
  }
  failures_ = 0;
  for (const std::string& payload : *payloads) notifier_.Receive(payload);
  return absl::ZeroDuration();
}

absl::Status Listener::Listen() {
  const absl::Duration deadline = clock_.Steady() + absl::Seconds(1);
  ASSIGN_OR_RETURN(auto connection, Connection::Open(options_, clock_, deadline));
  // kNotifyChannel, which cannot be a parameter here.
  RETURN_IF_ERROR(connection->Add("LISTEN finalmile"));
  RETURN_IF_ERROR(connection->Run(deadline));
  connection_ = std::move(connection);
  notifier_.subscribers.SetAll();
  return absl::OkStatus();
}

}  // namespace finalmile::storage::postgres
