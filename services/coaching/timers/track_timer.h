#pragma once

#include <string_view>
#include <vector>

#include "libs/base/clock.h"
#include "libs/outbox/due_rows.h"
#include "services/coaching/store/track_store.h"

namespace finalmile::coaching::timers {

// After a track is published, has the reps looked at to whom it matters: their mastery may lapse, and a
// meeting may call for a rehearsal.
class TrackTimer final : public outbox::DueRowsTask<store::TrackRow> {
 public:
  // The clock outlives the timer.
  explicit TrackTimer(Clock& clock) : DueRowsTask(clock, store::kTracks, /*most=*/20) {}
  std::string_view name() const override { return "tracks"; }

 private:
  absl::Status Visit(storage::Transaction& transaction, const std::vector<TalkTrackId>& ids,
                     absl::Time now) override;
};

}  // namespace finalmile::coaching::timers
