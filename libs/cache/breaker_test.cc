#include "libs/cache/breaker.h"

#include <gtest/gtest.h>

namespace finalmile::cache {
namespace {

constexpr absl::Duration kPause = absl::Milliseconds(100);
constexpr absl::Duration kTick = absl::Milliseconds(1);

TEST(Breaker, OpensAfterSoManyFailuresInARow) {
  Breaker breaker(3, kPause, 4 * kPause);
  absl::Duration now = absl::Seconds(1);
  breaker.Report(false, now);
  breaker.Report(false, now);
  EXPECT_TRUE(breaker.Allow(now));
  breaker.Report(true, now);
  breaker.Report(false, now);
  breaker.Report(false, now);
  EXPECT_EQ(breaker.state(), Breaker::State::kClosed);
  breaker.Report(false, now);
  EXPECT_EQ(breaker.state(), Breaker::State::kOpen);
  EXPECT_FALSE(breaker.Allow(now));
}

TEST(Breaker, LetsOneProbeThroughAfterAPauseThatGrows) {
  Breaker breaker(1, kPause, 4 * kPause);
  absl::Duration now = absl::Seconds(1);
  breaker.Report(false, now);
  for (const absl::Duration pause : {kPause, 2 * kPause, 4 * kPause, 4 * kPause}) {
    EXPECT_EQ(breaker.probe_at(), now + pause);
    EXPECT_FALSE(breaker.Allow(now + pause - kTick));
    now += pause;
    EXPECT_TRUE(breaker.Allow(now));
    EXPECT_EQ(breaker.state(), Breaker::State::kHalfOpen);
    EXPECT_FALSE(breaker.Allow(now));
    breaker.Report(false, now);
    EXPECT_EQ(breaker.state(), Breaker::State::kOpen);
  }
  now += 4 * kPause;
  ASSERT_TRUE(breaker.Allow(now));
  breaker.Report(true, now);
  EXPECT_EQ(breaker.state(), Breaker::State::kClosed);
  // Forgotten: the next pause is the first again.
  breaker.Report(false, now);
  EXPECT_EQ(breaker.probe_at(), now + kPause);
}

TEST(Breaker, FailuresOfCallsBegunBeforeItOpenedDoNotPutOffTheProbe) {
  Breaker breaker(1, kPause, 4 * kPause);
  breaker.Report(false, absl::Seconds(1));
  breaker.Report(false, absl::Seconds(1) + kPause / 2);
  EXPECT_TRUE(breaker.Allow(absl::Seconds(1) + kPause));
}

TEST(Breaker, AProbeThatNeverReportsIsReplaced) {
  Breaker breaker(1, kPause, 4 * kPause);
  breaker.Report(false, absl::ZeroDuration());
  ASSERT_TRUE(breaker.Allow(kPause));
  EXPECT_FALSE(breaker.Allow(2 * kPause - kTick));
  EXPECT_TRUE(breaker.Allow(2 * kPause));
}

}  // namespace
}  // namespace finalmile::cache
