#include "services/finalmile/demo/play_clock.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace finalmile::cli {
namespace {

constexpr absl::Duration kLimit = absl::Seconds(10);

TEST(PlayClock, JumpsEndTheWaitsThatLieWithinThem) {
  const auto system = NewSystemClock();
  const absl::Time start = absl::FromUnixSeconds(1'772'409'600);
  PlayClock clock(*system, start);
  EXPECT_EQ(clock.Now(), start);
  std::atomic<int> rounds = 0;
  std::atomic<bool> stop = false;
  const auto event = clock.NewWaitEvent();
  const absl::Duration first = clock.Steady();
  std::thread thread([&] {
    // Due once a day.
    for (absl::Duration due = first + absl::Hours(24); !stop; due += absl::Hours(24)) {
      if (!event->WaitUntil(due)) ++rounds;
    }
  });
  // Until the thread has waited once there is nobody to wait for.
  while (!clock.WaitUntilIdle(kLimit) || clock.Idle() == 0) std::this_thread::yield();
  for (int day = 1; day <= 5; ++day) {
    clock.JumpTo(start + day * absl::Hours(24));
    ASSERT_TRUE(clock.WaitUntilIdle(kLimit));
    EXPECT_EQ(rounds, day);
    EXPECT_EQ(clock.Now(), start + day * absl::Hours(24));
  }
  clock.JumpTo(start + absl::Hours(120) + absl::Hours(23));
  ASSERT_TRUE(clock.WaitUntilIdle(kLimit));
  EXPECT_EQ(rounds, 5);
  stop = true;
  event->Set();
  thread.join();
}

TEST(PlayClock, EventsStaySet) {
  const auto system = NewSystemClock();
  PlayClock clock(*system, absl::UnixEpoch());
  const auto event = clock.NewWaitEvent();
  EXPECT_FALSE(event->WaitUntil(clock.Steady()));
  event->Set();
  EXPECT_TRUE(event->WaitUntil(absl::InfiniteDuration()));
  EXPECT_TRUE(event->WaitUntil(clock.Steady()));
  event->Clear();
  EXPECT_FALSE(event->WaitUntil(clock.Steady()));
}

}  // namespace
}  // namespace finalmile::cli
