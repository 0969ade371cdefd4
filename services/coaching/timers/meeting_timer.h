#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "libs/base/clock.h"
#include "libs/outbox/due_rows.h"
#include "services/coaching/store/meeting_store.h"

namespace finalmile::coaching::timers {

// Deletes meetings that are long over, with their scores.
class MeetingTimer final : public outbox::DueRowsTask<store::MeetingRow> {
 public:
  // The clock outlives the timer.
  explicit MeetingTimer(Clock& clock) : DueRowsTask(clock, store::kMeetings, /*most=*/500) {}
  std::string_view name() const override { return "meetings"; }

 private:
  absl::Status Visit(storage::Transaction& transaction, const std::vector<std::string>& ids,
                     absl::Time now) override;
};

}  // namespace finalmile::coaching::timers
