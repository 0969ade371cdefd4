#include "libs/events/diagnose.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "fmt/format.h"
#include "libs/testing/findings.h"
#include "libs/testing/kafka_broker.h"

namespace finalmile::events {
namespace {

using finalmile::testing::FindingOf;
using ::testing::HasSubstr;

constexpr absl::Duration kPatience = absl::Seconds(10);

class KafkaDiagnosis : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto broker = testing::SharedKafka();
    FINALMILE_NEEDS_KAFKA(broker);
    url_ = (*broker)->url();
    auto log = Open(url_, *clock_);
    ASSERT_TRUE(log.ok()) << log.status();
    log_ = *std::move(log);
  }

  absl::Duration Soon() const { return clock_->Steady() + absl::Seconds(30); }
  std::string Name(std::string_view topic) const {
    return fmt::format("{}.{}", ::testing::UnitTest::GetInstance()->current_test_info()->name(), topic);
  }

  const std::unique_ptr<Clock> clock_ = NewSystemClock();
  std::string url_;
  std::unique_ptr<EventLog> log_;
};

TEST_F(KafkaDiagnosis, TopicsAreComparedWithWhatIsNeeded) {
  const TopicSpec kept{.name = Name("kept"), .partitions = 3, .retention = absl::Hours(24)};
  const TopicSpec missing{.name = Name("missing"), .partitions = 3};
  ASSERT_EQ(log_->ApplyTopics({kept}, Soon()), absl::OkStatus());
  std::vector<Finding> findings = Diagnose(url_, *clock_, {{kept}, {}}, kPatience);
  EXPECT_THAT(FindingOf("reach", findings).text, HasSubstr("1 broker, plaintext, as user ANONYMOUS"));
  EXPECT_EQ(FindingOf("topics", findings), (Finding{Verdict::kOk, "topics", "all 1 topics are there"}));
  for (const char* check : {"leaders", "partitions", "min.insync.replicas", "retention.ms", "cleanup.policy",
                            "max.message.bytes"}) {
    EXPECT_EQ(FindingOf(check, findings).verdict, Verdict::kOk) << FindingOf(check, findings).text;
  }
  EXPECT_EQ(FindingOf("replication", findings).verdict, Verdict::kWarn) << "there is one broker";

  TopicSpec other = kept;
  other.retention = absl::Hours(48);
  findings = Diagnose(url_, *clock_, {{other, missing}, {}}, kPatience);
  EXPECT_EQ(FindingOf("topics", findings).verdict, Verdict::kFail);
  EXPECT_EQ(FindingOf("topics", findings).text, missing.name + " is missing");
  EXPECT_EQ(FindingOf("retention.ms", findings).verdict, Verdict::kWarn);
  EXPECT_THAT(FindingOf("retention.ms", findings).text,
              HasSubstr("has retention.ms 86400000, its contract says 172800000"));

  // Nobody made it by asking.
  const auto existing = log_->ListTopics(Soon());
  ASSERT_TRUE(existing.ok()) << existing.status();
  EXPECT_TRUE(std::none_of(existing->begin(), existing->end(),
                           [&](const TopicSpec& topic) { return topic.name == missing.name; }));
}

TEST_F(KafkaDiagnosis, AGroupIsShownWithWhatItHasYetToConsume) {
  const TopicSpec topic{.name = Name("read"), .partitions = 1};
  const std::string group = Name("group");
  ASSERT_EQ(log_->ApplyTopics({topic}, Soon()), absl::OkStatus());
  const LogNeeds needs{{topic}, {{group, {topic.name}}}};
  Finding found = FindingOf("groups", Diagnose(url_, *clock_, needs, kPatience));
  EXPECT_EQ(found.text, group + ": 0 members, nothing consumed yet");

  for (int i = 0; i < 3; ++i) {
    ASSERT_EQ(log_->Append({{.topic = topic.name, .key = "k", .value = "v", .headers = {}}}, Soon()),
              absl::OkStatus());
  }
  const auto wake = clock_->NewWaitEvent();
  auto consumer = log_->Join(group, {topic.name}, *wake);
  ASSERT_TRUE(consumer.ok()) << consumer.status();
  // What is reported may be lost, so it is reported until it shows.
  const absl::Duration give_up = Soon();
  const std::string wanted = group + ": 1 member, 2 records to consume";
  while (found.text != wanted && clock_->Steady() < give_up) {
    wake->WaitUntil(clock_->Steady() + absl::Milliseconds(100));
    wake->Clear();
    if (const auto polled = (*consumer)->Poll(10); polled.ok() && polled->assigned) {
      ASSERT_EQ((*consumer)->Start({{{topic.name, 0}, 1}}), absl::OkStatus());
    }
    (*consumer)->Report({{{topic.name, 0}, 1}});
    found = FindingOf("groups", Diagnose(url_, *clock_, needs, kPatience));
  }
  EXPECT_EQ(found.text, wanted);
  EXPECT_EQ(found.verdict, Verdict::kOk);
}

TEST(KafkaDiagnosisWithoutABroker, IsAwayAndSaysWhatItCouldNotLookAt) {
  const std::unique_ptr<Clock> clock = NewSystemClock();
  const std::vector<Finding> findings =
      Diagnose("kafka://127.0.0.1:1", *clock, {{{.name = "any"}}, {}}, absl::Seconds(1));
  EXPECT_EQ(findings[0].verdict, Verdict::kAway);
  EXPECT_THAT(findings[0].text, HasSubstr("cannot reach Kafka at 127.0.0.1:1"));
  EXPECT_EQ(findings.size(), 10u);
  for (size_t i = 1; i < findings.size(); ++i) EXPECT_EQ(findings[i].verdict, Verdict::kSkipped);

  const std::vector<Finding> wrong = Diagnose(
      "kafka://127.0.0.1:1?ssl.ca.location=/no/such/file&security.protocol=ssl", *clock, {}, kPatience);
  EXPECT_EQ(wrong[0].verdict, Verdict::kFail) << wrong[0].text;
  EXPECT_THAT(wrong[0].text, HasSubstr("ssl.ca.location"));
}

}  // namespace
}  // namespace finalmile::events
