#include "libs/events/event_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "libs/events/checks.h"

namespace finalmile::events {
namespace {

using ::testing::HasSubstr;

TEST(PartitionOfTest, AgreesWithJava) {
  // Hashes from UtilsTest.testMurmur2 of Apache Kafka.
  const std::pair<std::string_view, int32_t> kHashes[] = {
      {"21", -973932308},
      {"foobar", -790332482},
      {"a-little-bit-long-string", -985981536},
      {"a-little-bit-longer-string", -1486304829},
      {"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971},
      {"abc", 479470107},
  };
  for (const auto& [key, hash] : kHashes) {
    for (const int32_t partitions : {1, 2, 12, 997, std::numeric_limits<int32_t>::max()}) {
      EXPECT_EQ(PartitionOf(key, partitions), (hash & 0x7fffffff) % partitions) << key;
    }
  }
}

TEST(OpenTest, NamesAnUnknownScheme) {
  const auto clock = NewSystemClock();
  const auto log = Open("redis://x", *clock);
  EXPECT_TRUE(absl::IsInvalidArgument(log.status()));
  EXPECT_THAT(std::string(log.status().message()), HasSubstr("redis"));
  EXPECT_TRUE(absl::IsInvalidArgument(Open("local:", *clock).status()));
}

TEST(CheckSpecTest, Limits) {
  const auto check = [](std::string name, int32_t partitions) {
    return CheckSpec({.name = std::move(name), .partitions = partitions});
  };
  EXPECT_TRUE(check("a", 1).ok());
  EXPECT_TRUE(check(std::string(249, 'a'), 10'000).ok());
  EXPECT_TRUE(absl::IsInvalidArgument(check(std::string(250, 'a'), 1)));
  EXPECT_TRUE(absl::IsInvalidArgument(check("", 1)));
  EXPECT_TRUE(absl::IsInvalidArgument(check("..", 1)));
  EXPECT_TRUE(absl::IsInvalidArgument(check("a b", 1)));
  EXPECT_TRUE(absl::IsInvalidArgument(check("a", 0)));
  EXPECT_TRUE(absl::IsInvalidArgument(check("a", 10'001)));
  EXPECT_TRUE(absl::IsInvalidArgument(CheckSpec({.name = "a", .retention = absl::Microseconds(999)})));
  EXPECT_TRUE(CheckSpec({.name = "a", .retention = absl::Milliseconds(1)}).ok());
  EXPECT_TRUE(absl::IsInvalidArgument(CheckSpec({.name = "a", .replication = 0})));
}

TEST(CheckSizesTest, CountsKeyValueAndHeaders) {
  const Message message{.topic = "t", .key = "kk", .value = "vvv", .headers = {{"h", "v"}}};
  EXPECT_EQ(MessageBytes(message), 7);
  EXPECT_TRUE(CheckSizes({message}, 8).ok());
  EXPECT_TRUE(CheckSizes({message}, 7).ok());
  EXPECT_TRUE(absl::IsInvalidArgument(CheckSizes({message}, 6)));
}

}  // namespace
}  // namespace finalmile::events
