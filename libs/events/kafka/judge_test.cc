// What facts mean, with those that are dear to bring about: rights, brokers that are away, many copies.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "libs/events/checks.h"
#include "libs/events/kafka/facts.h"

namespace finalmile::events::kafka {
namespace {

using ::testing::AllOf;
using ::testing::Each;
using ::testing::Field;
using ::testing::HasSubstr;

constexpr absl::Duration kMonth = absl::Hours(24 * 30);

class Judgement : public ::testing::Test {
 protected:
  // Two topics and a group as they should be in production.
  Judgement() {
    needs_.topics = {{.name = "activities", .retention = kMonth}, {.name = "told"}};
    needs_.groups = {{"leads.activities", {"activities"}}};
    for (const TopicSpec& spec : needs_.topics) {
      facts_.topics.push_back({.name = spec.name, .described = {}, .partitions = 12, .replication = 3});
      facts_.topics.back().settings = AdminClient::Settings{
          {"retention.ms", spec.retention == absl::InfiniteDuration() ? "-1" : "2592000000"},
          {"min.insync.replicas", "2"},
          {"cleanup.policy", "delete"},
          {"max.message.bytes", "1048588"}};
    }
    facts_.groups = {
        {.name = "leads.activities", .described = {}, .state = "Stable", .members = 2, .lag = 0}};
  }

  std::vector<Finding> Judged() { return Judge(facts_, needs_, "finalmile-leads", kMaxMessageBytes); }
  Finding Of(std::string_view check) {
    for (const Finding& finding : Judged()) {
      if (finding.check == check && finding.verdict != Verdict::kOk) return finding;
    }
    return {Verdict::kOk, std::string(check), "nothing is wrong"};
  }
  void Set(size_t topic, std::string_view setting, std::string_view value) {
    (*facts_.topics[topic].settings)[std::string(setting)] = value;
  }

  LogNeeds needs_;
  Facts facts_;
};

TEST_F(Judgement, WhatIsAsItShouldBeIsFine) {
  EXPECT_THAT(Judged(), Each(Field(&Finding::verdict, Verdict::kOk)));
  EXPECT_EQ(Judged().size(), 9u) << "every check has its line";
}

TEST_F(Judgement, ATopicThatIsMissingIsToldFromOneThatMayNotBeSeen) {
  facts_.topics[0].described = absl::NotFoundError("unknown");
  EXPECT_EQ(Of("topics").verdict, Verdict::kFail);
  EXPECT_EQ(Of("topics").text, "activities is missing");
  EXPECT_THAT(Of("topics").advice, HasSubstr("finalmile topics apply"));

  facts_.topics[0].described = absl::PermissionDeniedError("no");
  EXPECT_EQ(Of("topics").verdict, Verdict::kFail);
  EXPECT_THAT(Of("topics").text,
              AllOf(HasSubstr("user finalmile-leads is not permitted to describe activities"),
                    HasSubstr("whether it exists cannot be seen")));
  EXPECT_THAT(Of("topics").advice, HasSubstr("--operation Describe"));
  EXPECT_EQ(Of("retention.ms").verdict, Verdict::kOk) << "the other topic is looked at";

  facts_.topics[1].described = absl::NotFoundError("unknown");
  EXPECT_EQ(Of("retention.ms").verdict, Verdict::kSkipped);
  EXPECT_EQ(Of("replication").verdict, Verdict::kSkipped);
}

TEST_F(Judgement, SettingsThatMayNotBeReadAreSkippedWithTheReason) {
  for (TopicFacts& topic : facts_.topics) topic.settings = absl::PermissionDeniedError("no");
  for (const char* check : {"min.insync.replicas", "retention.ms", "cleanup.policy", "max.message.bytes"}) {
    EXPECT_EQ(Of(check).verdict, Verdict::kSkipped) << check;
    EXPECT_EQ(
        Of(check).text,
        "user finalmile-leads may not read the settings of activities, told (operation DescribeConfigs)");
  }
  facts_.topics[1].settings = AdminClient::Settings{{"retention.ms", "5"}};
  EXPECT_EQ(Of("retention.ms").text, "told has retention.ms 5, its contract says -1")
      << "what is known is judged";
}

TEST_F(Judgement, CountsOfPartitionsMayDifferFromOursButNotAmongThemselves) {
  for (TopicFacts& topic : facts_.topics) topic.partitions = 6;
  EXPECT_EQ(Of("partitions").verdict, Verdict::kOk);
  facts_.topics[1].partitions = 12;
  EXPECT_EQ(Of("partitions").verdict, Verdict::kWarn);
  EXPECT_EQ(Of("partitions").text, "activities has 6 partitions, not 12");
}

TEST_F(Judgement, CopiesAndThoseInSyncFitEachOther) {
  facts_.topics[0].replication = 2;
  EXPECT_EQ(Of("replication").verdict, Verdict::kWarn);
  EXPECT_EQ(Of("replication").text, "activities has 2 copies");
  EXPECT_THAT(Of("min.insync.replicas").text,
              HasSubstr("activities needs all of its 2 copies in sync, so that no broker may be away"));
  facts_.topics[1].replication = 2;
  EXPECT_EQ(Of("replication").text, "each of 2 topics has 2 copies");
  for (TopicFacts& topic : facts_.topics) topic.replication = 3;
  Set(1, "min.insync.replicas", "1");
  EXPECT_EQ(Of("min.insync.replicas").text, "told needs 1 copy in sync, so that an event may be lost");
  Set(1, "min.insync.replicas", "4");
  EXPECT_EQ(Of("min.insync.replicas").verdict, Verdict::kFail);
  EXPECT_EQ(Of("min.insync.replicas").text,
            "told needs 4 copies in sync and has 3, so that it takes no event");
  facts_.topics[1].leaderless = 3;
  EXPECT_EQ(Of("leaders").verdict, Verdict::kFail);
  EXPECT_EQ(Of("leaders").text, "told has 3 partitions without a leader");
}

TEST_F(Judgement, SettingsAreComparedWithTheContract) {
  Set(0, "retention.ms", "86400000");
  EXPECT_EQ(Of("retention.ms").verdict, Verdict::kWarn);
  EXPECT_EQ(Of("retention.ms").text, "activities has retention.ms 86400000, its contract says 2592000000");
  Set(1, "cleanup.policy", "compact,delete");
  EXPECT_EQ(Of("cleanup.policy").verdict, Verdict::kFail);
  Set(1, "max.message.bytes", "1048588");
  EXPECT_EQ(Of("max.message.bytes").verdict, Verdict::kOk);
  Set(1, "max.message.bytes", "1048587");
  EXPECT_EQ(Of("max.message.bytes").text,
            "told takes messages of 1048587 bytes, services send up to 1048588");
}

TEST_F(Judgement, AGroupThatNobodyIsInIsNamedWhenRecordsWait) {
  GroupFacts& group = facts_.groups[0];
  group.members = 0;
  EXPECT_EQ(Of("groups").verdict, Verdict::kOk);
  group.lag = 7;
  EXPECT_EQ(Of("groups").verdict, Verdict::kWarn);
  EXPECT_EQ(Of("groups").text, "leads.activities: 0 members, 7 records to consume");
  group.lag.reset();
  EXPECT_EQ(Of("groups").verdict, Verdict::kOk) << "it never consumed";
  group.described = absl::PermissionDeniedError("no");
  EXPECT_EQ(Of("groups").verdict, Verdict::kFail);
  EXPECT_EQ(Of("groups").text,
            "user finalmile-leads is not permitted to describe the group leads.activities");
  group.described = absl::UnavailableError("coordinator");
  EXPECT_EQ(Of("groups").verdict, Verdict::kAway);
}

}  // namespace
}  // namespace finalmile::events::kafka
