#include "libs/app/process_limits.h"

#include <gtest/gtest.h>
#include <malloc.h>
#include <sys/resource.h>

#include <vector>

#include "libs/testing/manual_clock.h"

namespace finalmile::app {
namespace {

TEST(ProcessLimitsTest, OpenFilesAreRaisedToTheHardLimit) {
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit low{64, before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &low), 0);
  const int64_t raised = RaiseOpenFiles();
  rlimit after{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &after), 0);
  EXPECT_EQ(after.rlim_cur, before.rlim_max);
  EXPECT_GT(raised, 64);
  setrlimit(RLIMIT_NOFILE, &before);
}

TEST(ProcessLimitsTest, ConnectionsLeaveFilesToTheProcess) {
  EXPECT_EQ(ConnectionsFor(1024), 640);
  EXPECT_EQ(ConnectionsFor(386), 2);
  EXPECT_EQ(ConnectionsFor(385), 1);
  EXPECT_EQ(ConnectionsFor(0), 1);
}

// A sanitizer brings a malloc of its own.
#ifdef __SANITIZE_ADDRESS__
#define SKIP_WITHOUT_GLIBC_MALLOC GTEST_SKIP() << "malloc is the sanitizer's"
#else
#define SKIP_WITHOUT_GLIBC_MALLOC static_cast<void>(0)
#endif

TEST(ProcessLimitsTest, MemoryThatCallsUseAgainStaysMapped) {
  SKIP_WITHOUT_GLIBC_MALLOC;
  BoundMalloc();
  constexpr int kRounds = 100;
  constexpr int kBlocks = 64;
  constexpr size_t kBytes = 16 << 10;
  const auto faults = [] {
    rusage used{};
    EXPECT_EQ(getrusage(RUSAGE_SELF, &used), 0);
    return used.ru_minflt;
  };
  const auto before = faults();
  for (int round = 0; round < kRounds; ++round) {
    std::vector<std::unique_ptr<char[]>> blocks;
    for (int i = 0; i < kBlocks; ++i) blocks.push_back(std::make_unique<char[]>(kBytes));
  }
  // One for each page, and not again in each round.
  constexpr size_t kPages = kBlocks * kBytes / 4096;
  EXPECT_LT(faults() - before, static_cast<long>(10 * kPages));
}

TEST(ProcessLimitsTest, MuchFreedMemoryGoesBackToTheSystem) {
  SKIP_WITHOUT_GLIBC_MALLOC;
  testing::ManualClock clock;
  MemoryReturn step(clock);
  // In pieces that malloc keeps: the last one holds the end of the heap.
  std::vector<std::unique_ptr<char[]>> pieces;
  for (size_t i = 0; i < 3 * MemoryReturn::kMuch / 8192; ++i) {
    pieces.push_back(std::make_unique<char[]>(8192));
    pieces.back()[0] = 'x';
  }
  const std::unique_ptr<char[]> last = std::move(pieces.back());
  pieces.clear();
  ASSERT_GT(mallinfo2().fordblks, MemoryReturn::kMuch);
  const auto resident = [] {
    std::FILE* file = std::fopen("/proc/self/statm", "r");
    long size = 0, pages = 0;
    EXPECT_EQ(std::fscanf(file, "%ld %ld", &size, &pages), 2);
    std::fclose(file);
    return pages * 4096;
  };
  const long before = resident();
  EXPECT_EQ(step.Run(), clock.Steady() + absl::Seconds(5));
  EXPECT_LT(resident(), before - static_cast<long>(MemoryReturn::kMuch));
}

}  // namespace
}  // namespace finalmile::app
