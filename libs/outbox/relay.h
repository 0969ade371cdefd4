#pragma once

#include <cstdint>
#include <string_view>

#include "libs/base/clock.h"
#include "libs/base/span.h"
#include "libs/events/event_log.h"
#include "libs/outbox/leader.h"
#include "libs/outbox/outbox_table.h"

namespace finalmile::outbox {

// Where processes send their own events (Sender), the relay leaves a row to them for so long at least, and
// for twice as long at most.
inline constexpr absl::Duration kRelayPatience = absl::Seconds(1);

// Sends the store's outbox to the event log: reads the oldest rows, appends them, awaits every
// acknowledgement, deletes them and reads again. A crash or an error between append and delete sends rows
// twice, never none; order per key is kept once records with a seq not above the one seen are dropped (see
// Consumer). Therefore a deletion need not be durable either.
class Relay final : public LeaderTask {
 public:
  struct Options {
    // Rows per round.
    int batch = 1000;
    // For how long a row has to have been there before it is sent. Zero: commits wake the relay.
    absl::Duration patience = absl::ZeroDuration();
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
  absl::Status Send(std::vector<UnsentRow> rows, absl::Duration deadline);

  events::EventLog& log_;
  Clock& clock_;
  const Options options_;
  // With patience: the newest row that was there at that time (steady).
  int64_t seen_ = 0;
  absl::Duration seen_at_ = -absl::InfiniteDuration();
};

// Rows that wait to be sent, at most kDepthCap, for the status and metrics.
absl::StatusOr<int64_t> OutboxDepth(storage::Database& database, absl::Duration deadline);
// When the event that is to be sent next happened; InfinitePast: none waits.
absl::StatusOr<absl::Time> OldestInOutbox(storage::Database& database, absl::Duration deadline);

}  // namespace finalmile::outbox
