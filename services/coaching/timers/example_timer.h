#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "libs/base/clock.h"
#include "libs/outbox/due_rows.h"
#include "services/coaching/store/example_store.h"

namespace finalmile::coaching::timers {

// Deletes examples whose consent has ended. No event names an example.
class ExampleTimer final : public outbox::DueRowsTask<store::ExampleRow> {
 public:
  // The clock outlives the timer.
  explicit ExampleTimer(Clock& clock) : DueRowsTask(clock, store::kExamples, /*most=*/200) {}
  std::string_view name() const override { return "examples"; }

 private:
  absl::Status Visit(storage::Transaction& transaction, const std::vector<std::string>& ids,
                     absl::Time now) override;
};

}  // namespace finalmile::coaching::timers
