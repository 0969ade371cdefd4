#pragma once

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/base/clock.h"
#include "libs/outbox/chunk.h"
#include "libs/outbox/leader.h"
#include "libs/storage/database.h"

namespace finalmile::outbox {

// A timer over rows that fall due at instants kept in the store. It runs at once when woken, else when the
// next row falls due, and at least every kLookAgain: a row written meanwhile may fall due earlier.
class DueTask : public LeaderTask {
 public:
  // `most`: rows in one transaction, see ChunkSize. The clock outlives the task.
  DueTask(Clock& clock, int most) : clock_(clock), chunk_(most) {}

  absl::StatusOr<absl::Duration> Run(storage::Leadership& leadership) final;

 protected:
  // Does at most `rows` rows of what is due at `now`. Returns when the next row falls due as the store then
  // stands: not after `now` where more is due already; InfiniteFuture: none will.
  virtual absl::StatusOr<absl::Time> RunDue(storage::Transaction& transaction, absl::Time now, int rows) = 0;
  // What RunDue did is committed.
  virtual void Committed() {}

 private:
  Clock& clock_;
  ChunkSize chunk_;
};

}  // namespace finalmile::outbox
