#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "services/coaching/coaching_fixture.h"

namespace finalmile::coaching {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr char kName[] = "talkTracks/new-fleet-manager";
constexpr char kMarker[] = "Zebrafinkenweg";

class ExamplesTest : public CoachingTest {
 protected:
  void SetUp() override {
    CoachingTest::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    const auto created = Create(Whole());
    ASSERT_TRUE(created.ok()) << created.status();
  }
  v1::Example Consented(absl::Time until) {
    v1::Example example = Staged();
    example.set_provenance(v1::Example::PROVENANCE_CONSENTED);
    example.set_consent_reference("contract 4711");
    *example.mutable_expire_time() = rpc::ToTimestamp(until);
    example.mutable_turns(1)->set_text(std::string("We are at ") + kMarker + ".");
    return example;
  }
  absl::Status Delete(const std::string& name) {
    v1::DeleteExampleRequest request;
    request.set_name(name);
    return Call<google::protobuf::Empty>(As("cora"), "DeleteExample", request).status();
  }
};

TEST_P(ExamplesTest, AnExampleIsAddedOnceAndReadWithItsTurns) {
  const auto added = Add(kName, Staged(), "r1");
  ASSERT_TRUE(added.ok()) << added.status();
  EXPECT_EQ(added->turns_size(), 0) << "turns are in the store alone";
  EXPECT_EQ(added->turn_count(), 2);
  EXPECT_EQ(Add(kName, Staged(), "r1")->SerializeAsString(), added->SerializeAsString());
  Restart();
  const auto listed = Examples(kName);
  ASSERT_TRUE(listed.ok()) << listed.status();
  ASSERT_EQ(listed->examples_size(), 1);
  const v1::Example& read = listed->examples(0);
  EXPECT_EQ(read.name(), added->name());
  EXPECT_EQ(read.talk_track(), kName);
  ASSERT_EQ(read.turns_size(), 2);
  for (int i = 0; i < 2; ++i)
    EXPECT_EQ(read.turns(i).SerializeAsString(), Staged().turns(i).SerializeAsString());
  EXPECT_THAT(Get(kName)->missing(), IsEmpty());
  EXPECT_THAT(EventsOf(kName), IsEmpty()) << "no event names an example";
}

TEST_P(ExamplesTest, ADeletedExampleIsGone) {
  const auto added = Add(kName, Consented(At(3, 0)), "r1");
  ASSERT_TRUE(added.ok()) << added.status();
  EXPECT_EQ(Delete(added->name()), absl::OkStatus());
  EXPECT_EQ(ReasonOf(Delete(added->name())), "EXAMPLE_NOT_FOUND");
  EXPECT_EQ(Examples(kName)->examples_size(), 0);
  EXPECT_THAT(Get(kName)->missing(), SizeIs(1));
  Restart();
  EXPECT_THAT(WhatHolds(kMarker), IsEmpty()) << "neither the store nor the saved reply has a word of it";
}

TEST_P(ExamplesTest, AnExampleEndsWithItsConsent) {
  ASSERT_TRUE(Add(kName, Consented(At(2, 0))).ok());
  ASSERT_TRUE(Add(kName, Consented(At(3, 0))).ok());
  MoveTo(At(2, 0) - absl::Microseconds(1));
  EXPECT_EQ(Examples(kName)->examples_size(), 2);
  harness_->clock().SetNow(At(2, 0));
  EXPECT_EQ(Examples(kName)->examples_size(), 1) << "also before the timer has come";
  EXPECT_EQ(Count("examples"), 2);
  harness_->Settle();
  EXPECT_EQ(Count("examples"), 1);
  MoveTo(At(3, 0));
  EXPECT_EQ(Count("examples"), 0);
  EXPECT_EQ(ReasonOf(Publish(kName).status()), "INCOMPLETE");
  Restart();
  EXPECT_THAT(WhatHolds(kMarker), IsEmpty());
}

TEST_P(ExamplesTest, APublishedTrackStaysWhenItsExampleEnds) {
  ASSERT_TRUE(Add(kName, Consented(At(2, 0))).ok());
  ASSERT_TRUE(Publish(kName).ok());
  MoveTo(At(2, 0));
  const auto track = Get(kName, 0, "kim");
  ASSERT_TRUE(track.ok()) << track.status();
  EXPECT_EQ(track->state(), v1::TalkTrack::STATE_PUBLISHED);
  EXPECT_THAT(track->missing(), ElementsAre(HasSubstr("examples: ")));
}

TEST_P(ExamplesTest, ATrackHasTwentyAtMost) {
  for (int i = 0; i < 19; ++i) ASSERT_TRUE(Add(kName, Staged()).ok());
  const auto last = Add(kName, Consented(At(2, 0)));
  ASSERT_TRUE(last.ok()) << last.status();
  EXPECT_EQ(ReasonOf(Add(kName, Staged()).status()), "TOO_MANY_EXAMPLES");
  harness_->clock().SetNow(At(2, 0));
  EXPECT_TRUE(Add(kName, Staged()).ok()) << "one that has ended does not count";
  int listed = 0;
  std::string token;
  do {
    const auto page = Examples(kName, "cora", 7, token);
    ASSERT_TRUE(page.ok()) << page.status();
    listed += page->examples_size();
    token = page->next_page_token();
  } while (!token.empty());
  EXPECT_EQ(listed, 20);
}

TEST_P(ExamplesTest, FaultsNameTheirFieldAndHoldNoWordOfIt) {
  v1::Example example = Consented(At(1, 10));
  example.mutable_turns(0)->set_speaker("Ana");
  example.mutable_turns(0)->set_start(-1);
  const absl::Status status = Add(kName, example).status();
  EXPECT_THAT(FieldsOf(status),
              ElementsAre("example.expire_time", "example.turns", "example.turns[0].start"));
  EXPECT_THAT(status.ToString(), ::testing::Not(HasSubstr(kMarker)));
  EXPECT_EQ(ReasonOf(Add("talkTracks/none", Staged()).status()), "TALK_TRACK_NOT_FOUND");
}

FINALMILE_ON_BOTH_ENGINES(ExamplesTest);

}  // namespace
}  // namespace finalmile::coaching
