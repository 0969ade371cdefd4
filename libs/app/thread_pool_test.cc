#include "libs/app/thread_pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <stdexcept>

namespace finalmile::app {
namespace {

class CountingLog final : public Log {
 public:
  void Write(Severity severity, std::string_view, std::initializer_list<LogField>) override {
    if (severity == Severity::kError) ++errors;
  }
  std::atomic<int> errors = 0;
};

TEST(ThreadPoolTest, RunsEverythingItAccepts) {
  CountingLog log;
  std::atomic<int> ran = 0;
  {
    ThreadPool pool(3, 1000, log);
    for (int i = 0; i < 1000; ++i) ASSERT_TRUE(pool.TryRun([&] { ++ran; }));
    pool.Stop();
    EXPECT_EQ(ran, 1000);
    EXPECT_FALSE(pool.TryRun([&] { ++ran; }));
  }
  EXPECT_EQ(ran, 1000);
}

TEST(ThreadPoolTest, AFullQueueRefuses) {
  CountingLog log;
  ThreadPool pool(1, 2, log);
  std::promise<void> started;
  std::promise<void> go;
  ASSERT_TRUE(pool.TryRun([&] {
    started.set_value();
    go.get_future().wait();
  }));
  started.get_future().wait();
  std::atomic<int> ran = 0;
  EXPECT_TRUE(pool.TryRun([&] { ++ran; }));
  EXPECT_TRUE(pool.TryRun([&] { ++ran; }));
  EXPECT_FALSE(pool.TryRun([&] { ++ran; }));
  go.set_value();
  pool.Stop();
  EXPECT_EQ(ran, 2);
}

TEST(ThreadPoolTest, KeepsTheOrderOnOneThread) {
  CountingLog log;
  std::vector<int> order;
  {
    ThreadPool pool(1, 100, log);
    for (int i = 0; i < 100; ++i) pool.TryRun([&order, i] { order.push_back(i); });
  }
  ASSERT_EQ(order.size(), 100u);
  EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
}

TEST(ThreadPoolTest, AnExceptionIsContained) {
  CountingLog log;
  std::atomic<int> ran = 0;
  {
    ThreadPool pool(1, 10, log);
    pool.TryRun([] { throw std::runtime_error("broken"); });
    pool.TryRun([] { throw 5; });
    pool.TryRun([&] { ++ran; });
  }
  EXPECT_EQ(ran, 1);
  EXPECT_EQ(log.errors, 2);
}

}  // namespace
}  // namespace finalmile::app
