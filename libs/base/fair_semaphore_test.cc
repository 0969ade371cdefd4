#include "libs/base/fair_semaphore.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace finalmile {
namespace {

TEST(FairSemaphore, LetsInAsManyAsItHasPermits) {
  const auto clock = NewSystemClock();
  FairSemaphore semaphore(*clock, 2);
  EXPECT_TRUE(semaphore.Acquire(clock->Steady()));
  EXPECT_TRUE(semaphore.Acquire(clock->Steady()));
  EXPECT_FALSE(semaphore.Acquire(clock->Steady() + absl::Milliseconds(5)));
  semaphore.Release();
  EXPECT_TRUE(semaphore.Acquire(clock->Steady()));
}

TEST(FairSemaphore, AWaiterThatGaveUpTakesNoTurn) {
  const auto clock = NewSystemClock();
  FairSemaphore semaphore(*clock, 1);
  ASSERT_TRUE(semaphore.Acquire(clock->Steady()));
  EXPECT_FALSE(semaphore.Acquire(clock->Steady()));
  semaphore.Release();
  EXPECT_TRUE(semaphore.Acquire(clock->Steady()));
}

TEST(FairSemaphore, ServesInOrderOfArrival) {
  const auto clock = NewSystemClock();
  FairSemaphore semaphore(*clock, 1);
  ASSERT_TRUE(semaphore.Acquire(clock->Steady()));
  std::mutex mutex;
  std::vector<int> order;
  std::vector<std::thread> threads;
  for (int i = 0; i < 5; ++i) {
    threads.emplace_back([&, i] {
      EXPECT_TRUE(semaphore.Acquire(absl::InfiniteDuration()));
      {
        std::lock_guard lock(mutex);
        order.push_back(i);
      }
      semaphore.Release();
    });
    while (semaphore.waiting() != i + 1) std::this_thread::yield();
  }
  semaphore.Release();
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(order, (std::vector<int>{0, 1, 2, 3, 4}));
}

TEST(FairSemaphore, NeverLetsInMoreUnderContention) {
  const auto clock = NewSystemClock();
  FairSemaphore semaphore(*clock, 2);
  std::atomic<int> inside{0}, most{0}, served{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      for (int j = 0; j < 200; ++j) {
        if (!semaphore.Acquire(clock->Steady() + absl::Microseconds(j % 3 == 0 ? 10 : 1'000'000))) continue;
        const int now = ++inside;
        if (now > most) most = now;
        ++served;
        --inside;
        semaphore.Release();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_LE(most, 2);
  EXPECT_GE(served, 8 * 133);
  EXPECT_TRUE(semaphore.Acquire(clock->Steady()));
  EXPECT_TRUE(semaphore.Acquire(clock->Steady()));
  EXPECT_FALSE(semaphore.Acquire(clock->Steady()));
}

}  // namespace
}  // namespace finalmile
