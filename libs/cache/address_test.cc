#include "libs/cache/address.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "libs/cache/cache.h"

namespace finalmile::cache {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string Refusal(std::string_view url) {
  const auto address = ParseRedisAddress(url);
  EXPECT_TRUE(absl::IsInvalidArgument(address.status())) << url;
  return std::string(address.status().message());
}

TEST(ParseRedisAddress, HostAndPort) {
  const auto address = ParseRedisAddress("redis://cache.local:7000");
  ASSERT_TRUE(address.ok());
  EXPECT_EQ(address->host, "cache.local");
  EXPECT_EQ(address->port, 7000);
  EXPECT_EQ(address->path, "");
  EXPECT_EQ(ParseRedisAddress("redis://cache")->port, 6379);
  EXPECT_EQ(ParseRedisAddress("redis://[::1]:7000")->host, "::1");
  EXPECT_EQ(ParseRedisAddress("redis://[::1]:7000")->port, 7000);
  EXPECT_EQ(ParseRedisAddress("redis://[::1]")->port, 6379);
  EXPECT_EQ(ParseRedisAddress("redis://h:1")->port, 1);
  EXPECT_EQ(ParseRedisAddress("redis://h:65535")->port, 65535);
}

TEST(ParseRedisAddress, SocketUserAndPassword) {
  const auto address = ParseRedisAddress("redis+unix:/run/redis.sock?user=catalog&password.file=/etc/pw");
  ASSERT_TRUE(address.ok());
  EXPECT_EQ(address->path, "/run/redis.sock");
  EXPECT_EQ(address->user, "catalog");
  EXPECT_EQ(address->password_file, "/etc/pw");
  EXPECT_EQ(ParseRedisAddress("redis://h?password.file=p")->user, "");
}

TEST(ParseRedisAddress, RefusesPasswordsWithoutRepeatingThem) {
  for (const std::string_view url :
       {"redis://me:s3cret@h:1", "redis://:s3cret@h", "redis://h?user=me&password=s3cret"}) {
    EXPECT_THAT(Refusal(url), Not(HasSubstr("s3cret")));
    EXPECT_THAT(Refusal(url), HasSubstr("password"));
  }
}

TEST(ParseRedisAddress, RefusesWhatItCannotRead) {
  for (const std::string_view url :
       {"redis://", "redis://:6379", "redis://h:0", "redis://h:65536", "redis://h:x", "redis://[::1",
        "redis://[::1]x", "redis+unix:", "redis://h?user=me", "redis://h?password.file=", "redis://h/0"}) {
    EXPECT_FALSE(Refusal(url).empty());
  }
  EXPECT_THAT(Refusal("memcached://h"), HasSubstr("memcached"));
}

TEST(Open, RefusesAWrongPrefix) {
  const auto clock = NewSystemClock();
  for (const char* prefix : {"", "a:b", "A", "a b"}) {
    EXPECT_TRUE(absl::IsInvalidArgument(Open("local:", *clock, {.prefix = prefix}).status())) << prefix;
  }
  EXPECT_TRUE(absl::IsInvalidArgument(Open("local:", *clock, {.connections = 0}).status()));
  EXPECT_TRUE(Open("local:", *clock, {}).ok());
  const absl::Status without = Open("redis://127.0.0.1:1?password.file=/absent", *clock, {}).status();
  EXPECT_TRUE(absl::IsFailedPrecondition(without));
  EXPECT_THAT(std::string(without.message()), HasSubstr("/absent"));
  // Nobody listens there: that is no reason not to start.
  EXPECT_TRUE(Open("redis://127.0.0.1:1", *clock, {}).ok());
}

}  // namespace
}  // namespace finalmile::cache
