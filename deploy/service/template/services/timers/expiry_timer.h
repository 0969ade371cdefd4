#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "libs/base/clock.h"
#include "libs/base/random.h"
#include "libs/outbox/due_rows.h"
#include "services/@name@/store/@noun@_store.h"

namespace finalmile::@name@::timers {

// Deletes @what@s whose expire_time has come.
class ExpiryTimer final : public outbox::DueRowsTask<store::@Noun@Row> {
 public:
  // The references outlive the timer.
  ExpiryTimer(Clock& clock, Rng& rng) : DueRowsTask(clock, store::k@Nouns@, /*most=*/200), clock_(clock), rng_(rng) {}
  std::string_view name() const override { return "expiry"; }

 private:
  absl::Status Visit(storage::Transaction& transaction, const std::vector<domain::@Noun@Id>& ids,
                     absl::Time now) override;

  Clock& clock_;
  Rng& rng_;
};

}  // namespace finalmile::@name@::timers
