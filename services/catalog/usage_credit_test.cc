#include "finalmile/appointments/v1/appointment_event.pb.h"
#include "libs/outbox/topic.h"
#include "libs/rpc/errors.h"
#include "services/catalog/usage_fixture.h"

namespace finalmile::catalog {
namespace {

using appointments::v1::OutcomeCorrected;

constexpr absl::Duration kDay = absl::Hours(24);

class CreditTest : public UsageTest {
 protected:
  void Use(const std::string& asset, const std::string& lead, const std::string& grade = "A1",
           const std::string& stage = "discovery") {
    v1::RecordUseRequest request = UseOf(Token(asset, lead));
    request.set_lead(lead);
    request.set_grade(grade);
    request.set_stage(stage);
    Record(request);
  }

  void TellCorrected(const std::string& chain, const std::string& lead, const std::string& asset,
                     OutcomeCorrected::Outcome after) {
    auto event = Appointment(chain);
    Touched(*event.mutable_outcome_corrected(), lead, {asset});
    event.mutable_outcome_corrected()->set_after(after);
    Tell(event);
  }

  // (matured, set, held).
  std::tuple<int64_t, int64_t, int64_t> Credit(const std::string& asset) {
    const v1::AssetPerformance performance = Performance(asset);
    return {performance.matured(), performance.set(), performance.held()};
  }
};

INSTANTIATE_TEST_SUITE_P(Engines, CreditTest, ::testing::Values("sqlite", "postgres"),
                         [](const auto& info) { return std::string(info.param); });

using Counts = std::tuple<int64_t, int64_t, int64_t>;

TEST_P(CreditTest, AMeetingIsSetHeldAndCorrected) {
  const std::string asset = Published("Letter").name();
  Use(asset, "leads/1");
  Use(asset, "leads/1");
  EXPECT_EQ(Credit(asset), Counts(0, 0, 0));
  TellSet("m1", "leads/1", {asset, asset, "talkTracks/t", "assets/never-heard-of"});
  EXPECT_EQ(Credit(asset), Counts(0, 1, 0));
  // A new date is the same meeting.
  TellSet("m1", "leads/1", {asset});
  EXPECT_EQ(Credit(asset), Counts(0, 1, 0));
  TellHeld("m1", "leads/1", {asset});
  EXPECT_EQ(Credit(asset), Counts(1, 1, 1));
  TellCorrected("m1", "leads/1", asset, OutcomeCorrected::OUTCOME_GUEST_NO_SHOW);
  EXPECT_EQ(Credit(asset), Counts(1, 1, 0));
  TellCorrected("m1", "leads/1", asset, OutcomeCorrected::OUTCOME_HELD);
  EXPECT_EQ(Credit(asset), Counts(1, 1, 1));
  // Both uses belong to the meeting: they are not counted again by themselves.
  Advance(31 * kDay);
  EXPECT_EQ(Credit(asset), Counts(1, 1, 1));
  EXPECT_EQ(Performance(asset).used(), 2);
}

// However the histories of meetings are cut into batches, they come to the same.
TEST_P(CreditTest, BatchesDoNotMatter) {
  enum Step { kSet, kHeld, kNoShow, kCancelled, kCorrected, kSteps };
  const std::string one_by_one = Published("One by one", 1).name();
  const std::string at_once = Published("At once", 100).name();
  const auto rng = NewSeededRng(12);
  for (int run = 0; run < 12; ++run) {
    const std::string prefix = "r" + std::to_string(run);
    const auto lead_of = [&](const std::string& asset) {
      return "leads/" + prefix + (asset == at_once ? "a" : "o");
    };
    const auto event_of = [&](int step, int meeting, bool touched, const std::string& asset) {
      const std::string lead = lead_of(asset);
      auto event = Appointment(prefix + std::to_string(meeting) + (asset == at_once ? "a" : "o"));
      const std::vector<std::string> touches = touched ? std::vector{asset} : std::vector<std::string>();
      switch (step) {
        case kSet:
          event.mutable_appointment_set()->set_meeting_kind("initial");
          Touched(*event.mutable_appointment_set(), lead, touches);
          break;
        case kHeld:
          event.mutable_appointment_held()->set_meeting_kind("initial");
          Touched(*event.mutable_appointment_held(), lead, touches);
          break;
        case kNoShow:
          Touched(*event.mutable_appointment_no_show(), lead, touches);
          break;
        case kCancelled:
          Touched(*event.mutable_appointment_cancelled(), lead, touches);
          break;
        default:
          event.mutable_outcome_corrected()->set_after(OutcomeCorrected::OUTCOME_HELD);
          Touched(*event.mutable_outcome_corrected(), lead, touches);
      }
      return ToOutbox(event);
    };
    Use(one_by_one, lead_of(one_by_one));
    Use(at_once, lead_of(at_once));
    std::vector<outbox::OutgoingEvent> batch;
    for (uint64_t left = 2 + rng->Below(7); left > 0; --left) {
      const int step = static_cast<int>(rng->Below(kSteps));
      const int meeting = static_cast<int>(rng->Below(2));
      const bool touched = rng->Below(2) == 0;
      Append(event_of(step, meeting, touched, one_by_one));
      batch.push_back(event_of(step, meeting, touched, at_once));
    }
    AppendAll(batch);
    ASSERT_EQ(Credit(one_by_one), Credit(at_once)) << run;
  }
  EXPECT_GT(std::get<2>(Credit(at_once)), 0);
}

TEST_P(CreditTest, OnlyInitialMeetingsCount) {
  const std::string asset = Published("Letter").name();
  Use(asset, "leads/1");
  auto event = Appointment("m1");
  event.mutable_appointment_set()->set_meeting_kind("follow-up");
  Touched(*event.mutable_appointment_set(), "leads/1", {asset});
  Tell(event);
  TellCorrected("m1", "leads/1", asset, OutcomeCorrected::OUTCOME_HELD);
  EXPECT_EQ(Credit(asset), Counts(0, 0, 0));
  // An event that says nothing of credit is passed over, and does not hold up the next ones.
  auto unknown = Appointment("m2");
  outbox::OutgoingEvent raw;
  raw.topic = outbox::TopicName<appointments::v1::AppointmentEvent>();
  raw.key = unknown.key();
  raw.seq = unknown.seq();
  // Field 111, which this version does not know.
  raw.value = unknown.SerializeAsString() + "\xfa\x06" + std::string(1, '\0');
  Append(raw);
  TellHeld("m2", "leads/1", {asset});
  EXPECT_EQ(Credit(asset), Counts(1, 1, 1));
}

TEST_P(CreditTest, AUseMaturesAfterThirtyDaysAndMayStillLeadToAMeeting) {
  const std::string asset = Published("Letter").name();
  Use(asset, "leads/1");
  Use(asset, "leads/2");
  Advance(30 * kDay - absl::Microseconds(1));
  EXPECT_EQ(Credit(asset), Counts(0, 0, 0));
  Advance(absl::Microseconds(1));
  EXPECT_EQ(Credit(asset), Counts(2, 0, 0));
  TellHeld("m1", "leads/1", {asset});
  EXPECT_EQ(Credit(asset), Counts(2, 1, 1));
  // No further event comes of this meeting.
  Use(asset, "leads/3");
  TellSet("m3", "leads/3", {asset});
  Advance(30 * kDay - absl::Microseconds(1));
  EXPECT_EQ(Credit(asset), Counts(2, 2, 1));
  Advance(absl::Microseconds(1));
  EXPECT_EQ(Credit(asset), Counts(3, 2, 1));
}

TEST_P(CreditTest, AVersionThatWasOnlySeenIsATouchToo) {
  const std::string asset = Published("Letter").name();
  TellSet("m1", "leads/1", {asset});
  auto event = Appointment("m1");
  Touched(*event.mutable_appointment_no_show(), "leads/1", {asset});
  Tell(event);
  EXPECT_EQ(Credit(asset), Counts(1, 1, 0));
}

TEST_P(CreditTest, LiftIsHeldAboveWhatTheGradeAndStageLeadTo) {
  const std::string good = Published("Good", 1).name();
  const std::string poor = Published("Poor", 100).name();
  for (int i = 0; i < 10; ++i) {
    const std::string lead = "leads/g" + std::to_string(i);
    Use(good, lead);
    Use(poor, "leads/p" + std::to_string(i));
    TellHeld("m" + std::to_string(i), lead, {good});
  }
  Advance(30 * kDay);
  const v1::AssetPerformance up = Performance(good);
  const v1::AssetPerformance down = Performance(poor);
  EXPECT_EQ(up.matured(), 10);
  EXPECT_EQ(down.matured(), 10);
  // Half of the cell is held.
  EXPECT_DOUBLE_EQ(up.expected(), 5);
  EXPECT_DOUBLE_EQ(up.lift(), (10.0 - 5) / (10 + 30));
  EXPECT_DOUBLE_EQ(down.lift(), (0.0 - 5) / (10 + 30));
  EXPECT_LT(up.lift_low(), up.lift());
  EXPECT_GT(down.lift_high(), down.lift());
  EXPECT_FALSE(up.has_incremental());

  v1::GetAssetPerformanceRequest request;
  request.set_name("assets/nobody");
  const auto nobody = Ask<v1::GetAssetPerformanceResponse>("GetAssetPerformance", request);
  EXPECT_EQ(rpc::ReasonOf(nobody.status()), "ASSET_NOT_FOUND");
}

TEST_P(CreditTest, TheShelfRateHasItsWindowAndItsDenominator) {
  const auto unused = [&](bool misused = false, int page_size = 0) {
    v1::ListUnusedAssetsRequest request;
    request.set_include_misused(misused);
    request.set_page_size(page_size);
    const auto listed = Ask<v1::ListUnusedAssetsResponse>("ListUnusedAssets", request);
    EXPECT_TRUE(listed.ok()) << listed.status();
    return listed.ok() ? *listed : v1::ListUnusedAssetsResponse();
  };
  const std::string used = Published("Used", 1).name();
  const std::string idle = Published("Idle", 100).name();
  const std::string wrong = Published("Wrong", 200).name();
  const std::string gone = Published("Gone", 300).name();
  Advance(30 * kDay - absl::Microseconds(1));
  EXPECT_EQ(unused().shelf(), 0);
  EXPECT_EQ(unused().rate(), 0);
  Retire(gone);
  Advance(absl::Microseconds(1));
  Use(used, "leads/1");
  const std::string late = Published("Late", 400).name();
  v1::RecordUseRequest bad = UseOf(Token(wrong), "Hi {{first_name}}, " + Words(200, 40));
  Record(bad);
  v1::ListUnusedAssetsResponse shelf = unused(true);
  EXPECT_EQ(shelf.shelf(), 3);
  EXPECT_EQ(shelf.unused(), 1);
  EXPECT_EQ(shelf.misused(), 1);
  EXPECT_DOUBLE_EQ(shelf.rate(), 2.0 / 3);
  EXPECT_EQ(shelf.window().seconds(), absl::ToInt64Seconds(90 * kDay));
  ASSERT_EQ(shelf.items_size(), 2);
  EXPECT_EQ(shelf.items(0).asset().name(), idle);
  EXPECT_FALSE(shelf.items(0).has_last_use_time());
  EXPECT_EQ(shelf.items(1).asset().name(), wrong);
  EXPECT_EQ(shelf.items(1).misuses(), 1);
  EXPECT_TRUE(shelf.items(0).asset().body().empty());

  // Ninety days later the uses are out of the window, and another one is on the shelf.
  Advance(90 * kDay - absl::Microseconds(1));
  EXPECT_EQ(unused().unused(), 2);
  Advance(absl::Microseconds(1));
  shelf = unused();
  EXPECT_EQ(shelf.shelf(), 4);
  EXPECT_EQ(shelf.unused(), 4);
  ASSERT_EQ(shelf.items_size(), 4);
  EXPECT_EQ(shelf.items(0).asset().name(), idle);
  EXPECT_EQ(shelf.items(1).asset().name(), late);

  v1::ListUnusedAssetsRequest request;
  request.set_page_size(3);
  const auto page = Ask<v1::ListUnusedAssetsResponse>("ListUnusedAssets", request);
  ASSERT_TRUE(page.ok()) << page.status();
  request.set_page_token(page->next_page_token());
  // Used meanwhile.
  harness_.clock().Advance(absl::Seconds(1));
  Use(used, "leads/2");
  const auto rest = Ask<v1::ListUnusedAssetsResponse>("ListUnusedAssets", request);
  ASSERT_TRUE(rest.ok()) << rest.status();
  EXPECT_EQ(page->items_size() + rest->items_size(), page->items(2).asset().name() == used ? 4 : 3);
  EXPECT_EQ(rest->unused(), 4);
}

TEST_P(CreditTest, WhatIsOldGoesAndItsSumsStay) {
  const std::string asset = Published("Letter").name();
  v1::RecommendAssetsRequest request;
  request.set_lead("leads/1");
  ASSERT_TRUE(Recommend(request).ok());
  Use(asset, "leads/1");
  Record(UseOf("", "Hi {{first_name}}, " + Words(1, 40)));
  TellHeld("m1", "leads/1", {asset});
  const auto misuses = [&] {
    const auto listed = Ask<v1::ListMisuseResponse>("ListMisuse", v1::ListMisuseRequest());
    return listed.ok() ? listed->uses_size() : -1;
  };
  Advance(400 * kDay);
  EXPECT_EQ(misuses(), 1);
  Advance(absl::Microseconds(1));
  EXPECT_EQ(misuses(), 0);
  EXPECT_EQ(Performance(asset).used(), 2);
  EXPECT_EQ(std::get<2>(Credit(asset)), 1);
  // Too late for a correction: the meeting is not known any more.
  TellCorrected("m1", "leads/1", asset, OutcomeCorrected::OUTCOME_CANCELLED);
  EXPECT_EQ(std::get<2>(Credit(asset)), 1);
}

}  // namespace
}  // namespace finalmile::catalog
