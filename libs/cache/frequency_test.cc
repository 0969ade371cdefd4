#include "libs/cache/frequency.h"

#include <gtest/gtest.h>

#include "libs/base/random.h"

namespace finalmile::cache {
namespace {

TEST(Frequency, NeverEstimatesTooLow) {
  Frequency frequency(1024);
  const auto rng = NewSeededRng(1);
  std::vector<uint64_t> keys;
  for (int i = 0; i < 500; ++i) keys.push_back(rng->Next());
  for (int times = 0; times < 3; ++times) {
    for (const uint64_t key : keys) frequency.Count(key);
  }
  int exact = 0;
  for (const uint64_t key : keys) {
    EXPECT_GE(frequency.Estimate(key), 3);
    exact += frequency.Estimate(key) == 3 ? 1 : 0;
  }
  EXPECT_GT(exact, 450);
  EXPECT_LE(frequency.Estimate(rng->Next()), 3);
}

TEST(Frequency, StopsAtFifteenAndForgetsByHalves) {
  Frequency frequency(16);
  for (int i = 0; i < 20; ++i) frequency.Count(7);
  EXPECT_EQ(frequency.Estimate(7), 15);
  // Ten for each of the 16 keys, the twenty above among them.
  for (int i = 0; i < 140; ++i) frequency.Count(0);
  EXPECT_EQ(frequency.Estimate(7), 7);
}

}  // namespace
}  // namespace finalmile::cache
