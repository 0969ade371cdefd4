#include "services/finalmile/import/activity_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace finalmile::cli {
namespace {

using ::testing::HasSubstr;

constexpr const char* kRest =
    R"("source": "web", "activity_id": "1", "type": "t", "event_time": "2026-03-01T09:00:00Z"})";

std::string Wrong(const std::string& text) {
  const auto line = ReadActivityLine(text);
  return line.ok() ? "taken" : std::string(line.status().message());
}

TEST(ActivityLine, SaysWhoseItIsInOneOfThreeWays) {
  const auto by_email = ReadActivityLine(std::string(R"({"email": "ada@example.com", )") + kRest);
  ASSERT_TRUE(by_email.ok()) << by_email.status();
  EXPECT_EQ(by_email->email, "ada@example.com");
  EXPECT_EQ(by_email->activity.activity_id(), "1");
  const auto by_id =
      ReadActivityLine(std::string(R"({"externalId": {"source": "crm", "id": "7"}, )") + kRest);
  ASSERT_TRUE(by_id.ok()) << by_id.status();
  EXPECT_EQ(by_id->activity.external_id().id(), "7");
  EXPECT_EQ(ReadActivityLine(std::string(R"({"lead": "u-77", )") + kRest)->lead, "u-77");
  EXPECT_THAT(Wrong(std::string("{") + kRest), HasSubstr("does not say whose it is"));
  EXPECT_THAT(Wrong(std::string(R"({"lead": "a", "email": "b", )") + kRest), HasSubstr("more than one of"));
}

TEST(ActivityLine, RefusesOtherShapesInWordsOfTheFile) {
  EXPECT_THAT(Wrong(R"({"userId": "u-77", "event": "Page Viewed"})"), HasSubstr("\"event\" is type here"));
  EXPECT_THAT(Wrong(R"({"messageId": "1"})"), HasSubstr("\"messageId\" is activity_id here"));
  EXPECT_THAT(Wrong(R"({"leed": 1})"), HasSubstr("\"leed\" is nothing that an activity has"));
  EXPECT_THAT(Wrong("[{"), HasSubstr("jq -c '.[]' FILE"));
  EXPECT_THAT(Wrong("{\"lead\": "), HasSubstr("one activity on each line"));
  EXPECT_THAT(Wrong("lead,type"), HasSubstr("is not JSON"));
  EXPECT_THAT(Wrong(R"({"event_time": 1767225600})"), HasSubstr("event_time must be a time with its zone"));
  EXPECT_THAT(Wrong(R"({"count": 1.5})"), HasSubstr("count must be a whole number"));
  EXPECT_THAT(Wrong(R"({"properties": {"a": 1}})"), HasSubstr("properties.a must be text"));
  EXPECT_THAT(Wrong(R"({"lead": "a", "type": "t"})"), HasSubstr("has no source"));
}

}  // namespace
}  // namespace finalmile::cli
