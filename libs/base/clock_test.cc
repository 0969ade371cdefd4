#include "libs/base/clock.h"

#include <gtest/gtest.h>

#include <thread>

#include "libs/base/random.h"

namespace finalmile {
namespace {

TEST(SystemClock, SteadyNeverGoesBack) {
  auto clock = NewSystemClock();
  absl::Duration last = clock->Steady();
  for (int i = 0; i < 1000; ++i) {
    const absl::Duration now = clock->Steady();
    ASSERT_GE(now, last);
    last = now;
  }
}

TEST(SystemEvent, WakesAWaiterOfAnotherThread) {
  auto clock = NewSystemClock();
  auto event = clock->NewWaitEvent();
  bool woken = false;
  std::thread waiter([&] { woken = event->WaitUntil(absl::InfiniteDuration()); });
  event->Set();
  waiter.join();
  EXPECT_TRUE(woken);
  event->Clear();
  EXPECT_FALSE(event->WaitUntil(clock->Steady()));
}

TEST(Micros, RoundTripsAtMicrosecondPrecision) {
  const absl::Time time = absl::FromUnixMicros(1'700'000'000'123'456);
  EXPECT_EQ(FromMicros(ToMicros(time)), time);
}

TEST(SeededRng, IsSplitMix64) {
  auto rng = NewSeededRng(1234567);
  EXPECT_EQ(rng->Next(), 6457827717110365317u);
  EXPECT_EQ(rng->Next(), 3203168211198807973u);
}

TEST(NewUuid, IsVersion7AndOrderedByTime) {
  auto clock = NewSystemClock();
  auto rng = NewSeededRng(1);
  const std::string id = NewUuid(*clock, *rng);
  ASSERT_EQ(id.size(), 36u);
  EXPECT_EQ(id[14], '7');
  EXPECT_NE(std::string("89ab").find(id[19]), std::string::npos);
  EXPECT_NE(id, NewUuid(*clock, *rng));
}

}  // namespace
}  // namespace finalmile
