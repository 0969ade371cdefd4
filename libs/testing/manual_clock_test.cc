#include "libs/testing/manual_clock.h"

#include <thread>

#include "gtest/gtest.h"

namespace finalmile::testing {
namespace {

TEST(ManualClock, MovesOnlyByHand) {
  ManualClock clock(absl::FromUnixSeconds(100));
  const absl::Duration start = clock.Steady();
  EXPECT_EQ(clock.Now(), absl::FromUnixSeconds(100));
  clock.Advance(absl::Seconds(5));
  EXPECT_EQ(clock.Now(), absl::FromUnixSeconds(105));
  EXPECT_EQ(clock.Steady() - start, absl::Seconds(5));
  clock.SetNow(absl::FromUnixSeconds(7));
  EXPECT_EQ(clock.Now(), absl::FromUnixSeconds(7));
  EXPECT_EQ(clock.Steady() - start, absl::Seconds(5));
}

TEST(ManualClock, AWaitEndsAtItsDeadlineAndNotBefore) {
  ManualClock clock;
  const auto event = clock.NewWaitEvent();
  EXPECT_FALSE(event->WaitUntil(clock.Steady()));
  const absl::Duration deadline = clock.Steady() + absl::Seconds(1);
  bool set = true;
  absl::Duration woken;
  std::thread waiter([&] {
    set = event->WaitUntil(deadline);
    woken = clock.Steady();
  });
  clock.Advance(absl::Seconds(1) - absl::Nanoseconds(1));
  clock.Advance(absl::Nanoseconds(1));
  waiter.join();
  EXPECT_FALSE(set);
  EXPECT_EQ(woken, deadline);
}

TEST(ManualClock, AWaitEndsWhenItsEventIsSet) {
  ManualClock clock;
  const auto event = clock.NewWaitEvent();
  bool set = false;
  std::thread waiter([&] { set = event->WaitUntil(absl::InfiniteDuration()); });
  event->Set();
  waiter.join();
  EXPECT_TRUE(set);
  EXPECT_TRUE(event->WaitUntil(absl::ZeroDuration())) << "it stays set";
  event->Clear();
  EXPECT_FALSE(event->WaitUntil(absl::ZeroDuration()));
}

}  // namespace
}  // namespace finalmile::testing
