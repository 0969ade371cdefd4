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
  void TellCorrected(const std::string& chain, const std::string& lead, const std::string& asset,
                     OutcomeCorrected::Outcome after) {
    auto event = Appointment(chain);
    Touched(*event.mutable_outcome_corrected(), lead, {asset});
    event.mutable_outcome_corrected()->set_after(after);
    Tell(event);
  }
};

INSTANTIATE_TEST_SUITE_P(Engines, CreditTest, ::testing::Values("sqlite", "postgres"),
                         [](const auto& info) { return std::string(info.param); });

// Whatever becomes of a use, it counts when it is thirty days old.
TEST_P(CreditTest, AMeetingIsSetHeldAndCorrected) {
  const std::string asset = Published("Letter").name();
  Use(asset, LeadName("1"));
  Use(asset, LeadName("1"));
  TellSet("m1", LeadName("1"), {asset, asset, "talkTracks/t", "assets/never-heard-of"});
  // A new date is the same meeting.
  TellSet("m1", LeadName("1"), {asset});
  TellHeld("m1", LeadName("1"), {asset});
  Advance(30 * kDay - absl::Microseconds(1));
  EXPECT_EQ(Credit(asset), Counts(0, 0, 0));
  Advance(absl::Microseconds(1));
  EXPECT_EQ(Credit(asset), Counts(1, 1, 1));
  for (const auto& [after, counts] : {std::pair(OutcomeCorrected::OUTCOME_GUEST_NO_SHOW, Counts(1, 1, 0)),
                                      {OutcomeCorrected::OUTCOME_HELD, Counts(1, 1, 1)},
                                      {OutcomeCorrected::OUTCOME_HOST_NO_SHOW, Counts(0, 0, 0)},
                                      {OutcomeCorrected::OUTCOME_CANCELLED, Counts(1, 1, 0)},
                                      {OutcomeCorrected::OUTCOME_CANCELLED_BY_US, Counts(0, 0, 0)},
                                      {OutcomeCorrected::OUTCOME_HELD, Counts(1, 1, 1)}}) {
    TellCorrected("m1", LeadName("1"), asset, after);
    EXPECT_EQ(Credit(asset), counts) << after;
  }
  Advance(31 * kDay);
  EXPECT_EQ(Credit(asset), Counts(1, 1, 1));
  EXPECT_EQ(Performance(asset).used(), 2);
}

TEST_P(CreditTest, WhatWeMissedOrCancelledIsLeftOut) {
  const std::string asset = Published("Letter").name();
  const auto end = [&](const std::string& chain, const std::string& by, bool cancelled) {
    const std::string lead = LeadName(chain);
    Use(asset, lead);
    TellSet(chain, lead, {asset});
    auto event = Appointment(chain);
    if (cancelled) {
      event.mutable_appointment_cancelled()->set_by(by);
      Touched(*event.mutable_appointment_cancelled(), lead, {asset});
    } else {
      event.mutable_appointment_no_show()->set_by(by);
      Touched(*event.mutable_appointment_no_show(), lead, {asset});
    }
    Tell(event);
  };
  end("m1", "host", false);
  end("m2", "us", true);
  end("m3", "guest", false);
  end("m4", "guest", true);
  Advance(30 * kDay);
  EXPECT_EQ(Credit(asset), Counts(2, 2, 0));
  // It is on again, by a new date; then the lead meets us.
  TellSet("m1", LeadName("m1"), {asset});
  EXPECT_EQ(Credit(asset), Counts(3, 3, 0));
  TellHeld("m1", LeadName("m1"), {asset});
  EXPECT_EQ(Credit(asset), Counts(3, 3, 1));
}

// However the histories of meetings are cut into batches, they come to the same.
TEST_P(CreditTest, BatchesDoNotMatter) {
  enum Step { kSet, kHeld, kNoShow, kHostNoShow, kCancelled, kCorrected, kSteps };
  const std::string one_by_one = Published("One by one", 1).name();
  const std::string at_once = Published("At once", 100).name();
  const auto rng = NewSeededRng(12);
  for (int run = 0; run < 12; ++run) {
    const std::string prefix = "r" + std::to_string(run);
    const auto lead_of = [&](const std::string& asset) {
      return LeadName(prefix + (asset == at_once ? "a" : "o"));
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
        case kHostNoShow:
          event.mutable_appointment_no_show()->set_by("host");
          Touched(*event.mutable_appointment_no_show(), lead, touches);
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
    // They mature before the events in the odd runs, behind them in the others.
    if (run % 2 == 1) Advance(30 * kDay);
    std::vector<outbox::OutgoingEvent> batch;
    for (uint64_t left = 2 + rng->Below(7); left > 0; --left) {
      const int step = static_cast<int>(rng->Below(kSteps));
      const int meeting = static_cast<int>(rng->Below(2));
      const bool touched = rng->Below(2) == 0;
      Append(event_of(step, meeting, touched, one_by_one));
      batch.push_back(event_of(step, meeting, touched, at_once));
    }
    AppendAll(batch);
    if (run % 2 == 0) Advance(30 * kDay);
    ASSERT_EQ(Credit(one_by_one), Credit(at_once)) << run;
  }
  EXPECT_GT(std::get<2>(Credit(at_once)), 0);
}

TEST_P(CreditTest, OnlyInitialMeetingsCount) {
  const std::string asset = Published("Letter").name();
  Use(asset, LeadName("1"));
  auto event = Appointment("m1");
  event.mutable_appointment_set()->set_meeting_kind("follow-up");
  Touched(*event.mutable_appointment_set(), LeadName("1"), {asset});
  Tell(event);
  TellCorrected("m1", LeadName("1"), asset, OutcomeCorrected::OUTCOME_HELD);
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
  Advance(30 * kDay);
  EXPECT_EQ(Credit(asset), Counts(1, 0, 0));
  TellHeld("m2", LeadName("1"), {asset});
  EXPECT_EQ(Credit(asset), Counts(1, 1, 1));
}

TEST_P(CreditTest, AUseMaturesAfterThirtyDaysAndMayStillLeadToAMeeting) {
  const std::string asset = Published("Letter").name();
  Use(asset, LeadName("1"));
  Use(asset, LeadName("2"));
  Advance(30 * kDay - absl::Microseconds(1));
  EXPECT_EQ(Credit(asset), Counts(0, 0, 0));
  Advance(absl::Microseconds(1));
  EXPECT_EQ(Credit(asset), Counts(2, 0, 0));
  TellHeld("m1", LeadName("1"), {asset});
  EXPECT_EQ(Credit(asset), Counts(2, 1, 1));
  // No further event comes of this meeting for a while.
  Use(asset, LeadName("3"));
  TellSet("m3", LeadName("3"), {asset});
  Advance(30 * kDay - absl::Microseconds(1));
  EXPECT_EQ(Credit(asset), Counts(2, 1, 1));
  Advance(absl::Microseconds(1));
  EXPECT_EQ(Credit(asset), Counts(3, 2, 1));
  TellHeld("m3", LeadName("3"), {asset});
  EXPECT_EQ(Credit(asset), Counts(3, 2, 2));
  // Set too late to be the use's doing.
  Use(asset, LeadName("4"));
  Advance(30 * kDay + absl::Microseconds(1));
  TellHeld("m4", LeadName("4"), {asset});
  EXPECT_EQ(Credit(asset), Counts(4, 2, 2));
}

TEST_P(CreditTest, CreditGoesToWhatWasUsed) {
  const std::string used = Published("Used", 1).name();
  const std::string viewed = Published("Viewed", 100).name();
  const std::string offered = Published("Offered", 200).name();
  const std::string unrecorded = Published("Unrecorded", 300).name();
  for (const std::string& asset : {used, viewed, offered}) Use(asset, LeadName("1"));
  auto event = Appointment("m1");
  event.mutable_appointment_held()->set_meeting_kind("initial");
  Touched(*event.mutable_appointment_held(), LeadName("1"), {used, unrecorded});
  Touched(*event.mutable_appointment_held(), LeadName("1"), {viewed}, "viewed");
  Touched(*event.mutable_appointment_held(), LeadName("1"), {offered}, "offered");
  Tell(event);
  Advance(30 * kDay);
  EXPECT_EQ(Credit(used), Counts(1, 1, 1));
  EXPECT_EQ(Credit(viewed), Counts(1, 0, 0));
  EXPECT_EQ(Credit(offered), Counts(1, 0, 0));
  EXPECT_EQ(Credit(unrecorded), Counts(0, 0, 0));
}

// The store as the release before left it: it had counted uses with an outcome at once.
TEST_P(CreditTest, SumsOfTheReleaseBeforeAreCountedAnew) {
  const std::string asset = Published("Letter").name();
  Use(asset, LeadName("1"));
  Use(asset, LeadName("2"));
  TellHeld("m1", LeadName("1"), {asset});
  Advance(20 * kDay);
  Use(asset, LeadName("3"));
  TellHeld("m3", LeadName("3"), {asset});
  UndoFiguresByMaturity();
  Execute("INSERT INTO cells VALUES ('letter', 1, 'A1', 'discovery', 2, 2, 2)");
  Execute("INSERT INTO cells VALUES ('', 0, 'A1', 'discovery', 2, 2, 2)");
  harness_.Restart();
  Settle();
  EXPECT_EQ(Credit(asset), Counts(0, 0, 0));
  Advance(10 * kDay);
  EXPECT_EQ(Credit(asset), Counts(2, 1, 1));
  Advance(20 * kDay);
  EXPECT_EQ(Credit(asset), Counts(3, 2, 2));
}

TEST_P(CreditTest, WhatIsOldGoesAndItsSumsStay) {
  const std::string asset = Published("Letter").name();
  v1::RecommendAssetsRequest request;
  request.set_lead(LeadName("1"));
  ASSERT_TRUE(Recommend(request).ok());
  Use(asset, LeadName("1"));
  Record(UseOf("", "Hi {{first_name}}, " + Words(1, 40)));
  TellHeld("m1", LeadName("1"), {asset});
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
  TellCorrected("m1", LeadName("1"), asset, OutcomeCorrected::OUTCOME_CANCELLED);
  EXPECT_EQ(std::get<2>(Credit(asset)), 1);
}

}  // namespace
}  // namespace finalmile::catalog
