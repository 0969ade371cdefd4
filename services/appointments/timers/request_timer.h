#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "libs/base/clock.h"
#include "libs/base/random.h"
#include "libs/outbox/due_rows.h"
#include "services/appointments/store/request_store.h"

namespace finalmile::appointments::timers {

// Does to meeting requests what time does: says that nobody answered in time, recycles at the end of a window
// of attempts, gives back to the queue what nobody tried, and deletes what ended long ago.
class RequestTimer final : public outbox::DueRowsTask<store::RequestRow> {
 public:
  // The references outlive the timer.
  RequestTimer(Clock& clock, Rng& rng)
      : DueRowsTask(clock, store::kRequests, /*most=*/200), clock_(clock), rng_(rng) {}
  std::string_view name() const override { return "requests"; }

 private:
  absl::Status Visit(storage::Transaction& transaction, const std::vector<domain::RequestId>& ids,
                     absl::Time now) override;

  Clock& clock_;
  Rng& rng_;
};

}  // namespace finalmile::appointments::timers
