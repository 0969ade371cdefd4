#pragma once

#include <cstdint>
#include <string_view>

#include "libs/base/clock.h"
#include "libs/base/span.h"
#include "libs/events/event_log.h"
#include "libs/outbox/leader.h"

namespace finalmile::outbox {

// Sends the store's outbox to the event log: reads the oldest rows, appends them, awaits every
// acknowledgement, deletes them and reads again. A crash or an error between append and delete sends rows
// twice, never none; order per key is kept once records with a seq not above the one seen are dropped (see
// Consumer). Therefore a deletion need not be durable either.
class Relay final : public LeaderTask {
 public:
  struct Options {
    // Rows per round.
    int batch = 1000;
    // Outlives the relay; null: nothing is recorded.
    Tracer* tracer = nullptr;
  };

  // `log` and `clock` outlive the relay.
  Relay(events::EventLog& log, Clock& clock, Options options);
  Relay(events::EventLog& log, Clock& clock) : Relay(log, clock, Options()) {}

  std::string_view name() const override { return "relay"; }
  absl::StatusOr<absl::Duration> Run(storage::Leadership& leadership) override;
  std::string_view channel() const override;

 private:
  absl::StatusOr<storage::Result> Unsent(storage::Transaction& transaction) const;
  absl::Status Send(const storage::Result& rows, absl::Duration deadline);

  events::EventLog& log_;
  Clock& clock_;
  const Options options_;
};

// Rows that wait to be sent, at most kDepthCap, for the status and metrics.
absl::StatusOr<int64_t> OutboxDepth(storage::Database& database, absl::Duration deadline);
// When the event that is to be sent next happened; InfinitePast: none waits.
absl::StatusOr<absl::Time> OldestInOutbox(storage::Database& database, absl::Duration deadline);

}  // namespace finalmile::outbox
