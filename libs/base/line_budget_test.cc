#include "libs/base/line_budget.h"

#include <gtest/gtest.h>

namespace finalmile {
namespace {

class SetClock final : public Clock {
 public:
  absl::Time Now() const override { return absl::UnixEpoch(); }
  absl::Duration Steady() const override { return now; }
  std::unique_ptr<WaitEvent> NewWaitEvent() override { return nullptr; }
  absl::Duration now;
};

TEST(LineBudgetTest, CountsWhatIsLeftOutOfASecond) {
  SetClock clock;
  LineBudget lines(clock, 2);
  EXPECT_EQ(lines.Take(), 0);
  EXPECT_EQ(lines.Take(), 0);
  EXPECT_EQ(lines.Take(), std::nullopt);
  clock.now += absl::Milliseconds(999);
  EXPECT_EQ(lines.Take(), std::nullopt);
  clock.now += absl::Milliseconds(1);
  EXPECT_EQ(lines.Take(), 2);
  EXPECT_EQ(lines.Take(), 0);
  EXPECT_EQ(lines.Take(), std::nullopt);
}

}  // namespace
}  // namespace finalmile
