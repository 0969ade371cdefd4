#include "libs/events/kafka/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>

namespace finalmile::events::kafka {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Pair;

TEST(ParseUrlTest, ServersAndProperties) {
  const auto config = ParseUrl("kafka://a:1,b:2/?security.protocol=sasl_plaintext&sasl.username=a%26b%3D%25");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->servers, "a:1,b:2");
  EXPECT_THAT(config->properties, Contains(Pair("security.protocol", "sasl_plaintext")));
  EXPECT_THAT(config->properties, Contains(Pair("sasl.username", "a&b=%")));
  EXPECT_EQ(config->max_message_bytes, 1'000'000);
}

TEST(ParseUrlTest, TheLimitFollowsTheProperty) {
  EXPECT_EQ(ParseUrl("kafka://a?message.max.bytes=2000000")->max_message_bytes, 2'000'000 - 48'588);
  EXPECT_FALSE(ParseUrl("kafka://a?message.max.bytes=1048587").ok());
  EXPECT_EQ(ParseUrl("kafka://a?message.max.bytes=1048588")->max_message_bytes, 1'000'000);
  EXPECT_EQ(ParseUrl("kafka://a?message.max.bytes=1048589")->max_message_bytes, 1'000'001);
}

TEST(ParseUrlTest, SecretsComeFromFiles) {
  const std::string path =
      (std::filesystem::temp_directory_path() / ("finalmile-secret-" + std::to_string(getpid()))).string();
  std::ofstream(path) << "s=3&cret\n";
  const auto config = ParseUrl("kafka://a?sasl.password.file=" + path);
  std::remove(path.c_str());
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_THAT(config->properties, Contains(Pair("sasl.password", "s=3&cret")));
  const auto absent = ParseUrl("kafka://a?sasl.password.file=" + path);
  EXPECT_TRUE(absl::IsFailedPrecondition(absent.status()));
  EXPECT_THAT(std::string(absent.status().message()), HasSubstr(path));
  EXPECT_TRUE(absl::IsFailedPrecondition(
      ParseUrl("kafka://a?sasl.password.file=" + std::filesystem::temp_directory_path().string()).status()));
}

TEST(ParseUrlTest, ErrorsNameTheProperty) {
  const std::pair<const char*, const char*> kWrong[] = {
      {"kafka://a?no.such=1", "no.such"},
      {"kafka://a?acks=1", "acks"},
      {"kafka://a?linger.ms=soon", "linger.ms"},
      {"kafka://a?linger.ms", "name=value"},
      {"kafka://a?client.id=%4", "client.id"},
      {"kafka://a?client.id=%zz", "client.id"},
      {"kafka://", "host:port"},
      {"kafka://a?group.id=x", "group.id"},
      {"kafka://a?message.max.bytes=2000", "message.max.bytes"},
  };
  for (const auto& [url, name] : kWrong) {
    const auto config = ParseUrl(url);
    EXPECT_TRUE(absl::IsInvalidArgument(config.status())) << url;
    EXPECT_THAT(std::string(config.status().message()), HasSubstr(name)) << url;
  }
}

}  // namespace
}  // namespace finalmile::events::kafka
