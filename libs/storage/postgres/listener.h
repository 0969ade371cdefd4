#pragma once

#include <memory>
#include <string>

#include "libs/base/clock.h"
#include "libs/base/random.h"
#include "libs/base/step.h"
#include "libs/storage/postgres/connection.h"
#include "libs/storage/postgres/transaction.h"

namespace finalmile::storage::postgres {

// Keeps one session that listens, and sets the events of the subscribers as notifications arrive; all of them
// whenever the session has been made anew, since some may have been missed. Sleeps while nobody subscribes.
class Listener final : public Step {
 public:
  Listener(SessionOptions options, Clock& clock, Rng& rng, const Notifier& notifier);

  std::string_view name() const override { return "storage.listener"; }
  // Waits at most 100 ms for a notification, and at most a second for a connection.
  absl::Duration Run() override;
  WaitEvent& wake() override;

 private:
  class WakeEvent;

  absl::Status Listen();

  const SessionOptions options_;
  Clock& clock_;
  Rng& rng_;
  const Notifier& notifier_;
  const std::shared_ptr<WakeEvent> wake_;
  std::unique_ptr<Connection> connection_;
  int failures_ = 0;
};

}  // namespace finalmile::storage::postgres
