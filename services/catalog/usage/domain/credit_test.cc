#include "services/catalog/usage/domain/credit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>

#include "libs/base/random.h"

namespace finalmile::catalog::usage::domain {
namespace {

using catalog::domain::AssetId;

constexpr absl::Time kStart = absl::FromUnixSeconds(1'772'000'000);
constexpr absl::Duration kDay = absl::Hours(24);
constexpr absl::Duration kTick = absl::Microseconds(1);
const Version kCard = {AssetId("card"), 1};
const Version kMail = {AssetId("mail"), 3};

LeadUse UseOf(const Version& version, absl::Duration at, bool counted = true) {
  return {"u" + absl::FormatDuration(at), version, "A1", "closing", kStart + at, counted};
}
Meeting MeetingWith(const std::vector<Version>& versions, absl::Duration at,
                    Outcome outcome = Outcome::kNotHeld) {
  Meeting meeting = {kStart + at, outcome, {}};
  for (const auto& [asset, version] : versions) meeting.touches.push_back({asset, version, kStart + at});
  return meeting;
}
// (matured, set, held) of a version in the cell of UseOf.
std::tuple<int64_t, int64_t, int64_t> Of(const LeadFacts& facts, const Version& version = kCard) {
  const Counts counts = CountLead(facts).cells[{version, "A1", "closing"}];
  return {counts.matured, counts.set, counts.held};
}
std::tuple<int64_t, int64_t, int64_t> Are(int64_t matured, int64_t set, int64_t held) {
  return {matured, set, held};
}

TEST(Credit, OnlyWhatIsCountedCounts) {
  LeadFacts facts;
  facts.uses = {UseOf(kCard, {}, false)};
  facts.meetings["m"] = MeetingWith({kCard}, kDay, Outcome::kHeld);
  EXPECT_EQ(Of(facts), Are(0, 0, 0));
  facts.uses[0].counted = true;
  EXPECT_EQ(Of(facts), Are(1, 1, 1));
  EXPECT_EQ(Of(facts, kMail), Are(0, 0, 0));
  facts.meetings["m"].outcome = Outcome::kNotHeld;
  EXPECT_EQ(Of(facts), Are(1, 1, 0));
  facts.meetings.clear();
  EXPECT_EQ(Of(facts), Are(1, 0, 0));
}

TEST(Credit, AMeetingCountsForWhatWasUsedInTheThirtyDaysBefore) {
  LeadFacts facts;
  facts.uses = {UseOf(kCard, {})};
  const auto at = [&](absl::Duration set, absl::Duration told) {
    facts.meetings["m"] = MeetingWith({kCard}, set, Outcome::kHeld);
    facts.meetings["m"].touches[0].told_time = kStart + told;
    return Of(facts);
  };
  EXPECT_EQ(at(kMaturity, kMaturity), Are(1, 1, 1));
  EXPECT_EQ(at(kMaturity + kTick, kMaturity + kTick), Are(1, 0, 0));
  // Used after it was set, and told with its outcome; used after that.
  EXPECT_EQ(at(-kDay, {}), Are(1, 1, 1));
  EXPECT_EQ(at(-kDay, -kTick), Are(1, 0, 0));
  // The meeting was set with another version.
  facts.meetings["m"] = MeetingWith({{AssetId("card"), 2}, kMail}, kDay, Outcome::kHeld);
  EXPECT_EQ(Of(facts), Are(1, 0, 0));
}

TEST(Credit, AMeetingThatWeMissedLeavesItsUsesOut) {
  LeadFacts facts;
  facts.uses = {UseOf(kCard, {}), UseOf(kMail, {})};
  facts.trials = {{"t", 4, true, kStart, true}};
  facts.meetings["m"] = MeetingWith({kCard}, kDay, Outcome::kLeftOut);
  EXPECT_EQ(Of(facts), Are(0, 0, 0));
  EXPECT_EQ(Of(facts, kMail), Are(1, 0, 0));
  EXPECT_EQ(CountLead(facts).arms.at({4, true}), Arm());
  // Another meeting says what came of them.
  facts.meetings["n"] = MeetingWith({kCard}, 2 * kDay);
  EXPECT_EQ(Of(facts), Are(1, 1, 0));
  EXPECT_EQ(CountLead(facts).arms.at({4, true}), (Arm{1, 0}));
  facts.meetings["n"].outcome = Outcome::kHeld;
  EXPECT_EQ(Of(facts), Are(1, 1, 1));
  EXPECT_EQ(CountLead(facts).arms.at({4, true}), (Arm{1, 1}));
}

TEST(Credit, UsesWithinThirtyDaysAreOneAttempt) {
  LeadFacts facts;
  facts.uses = {UseOf(kCard, kMaturity - kTick), UseOf(kCard, {}), UseOf(kMail, kDay)};
  EXPECT_EQ(Of(facts), Are(1, 0, 0));
  EXPECT_EQ(Of(facts, kMail), Are(1, 0, 0));
  // The second of them met the meeting.
  facts.meetings["m"] = MeetingWith({kCard}, 40 * kDay, Outcome::kHeld);
  EXPECT_EQ(Of(facts), Are(1, 1, 1));
  facts.uses.push_back(UseOf(kCard, kMaturity));
  EXPECT_EQ(Of(facts), Are(2, 2, 2));
  facts.uses[0].grade = "D4";
  EXPECT_EQ(Of(facts), Are(2, 2, 2)) << "the first one's grade is what counts";
}

TEST(Credit, ATrialCountsTheMeetingsThatWereSetAfterIt) {
  LeadFacts facts;
  facts.trials = {{"t", 4, false, kStart, true}, {"u", 4, true, kStart, false}};
  const auto arm = [&](absl::Duration set) {
    facts.meetings["m"] = MeetingWith({}, set, Outcome::kHeld);
    return CountLead(facts).arms.at({4, false});
  };
  EXPECT_EQ(arm(-kTick), (Arm{1, 0}));
  EXPECT_EQ(arm({}), (Arm{1, 1}));
  EXPECT_EQ(arm(kMaturity), (Arm{1, 1}));
  EXPECT_EQ(arm(kMaturity + kTick), (Arm{1, 0}));
  EXPECT_FALSE(CountLead(facts).arms.contains({4, true}));
}

RC_GTEST_PROP(Credit, HeldIsNeverAboveSetNorSetAboveMatured, ()) {
  LeadFacts facts;
  const int uses = *rc::gen::inRange(0, 8);
  for (int i = 0; i < uses; ++i) {
    facts.uses.push_back(
        UseOf(*rc::gen::element(kCard, kMail), *rc::gen::inRange(0, 90) * kDay, *rc::gen::arbitrary<bool>()));
  }
  const int meetings = *rc::gen::inRange(0, 4);
  for (int i = 0; i < meetings; ++i) {
    const auto outcome = *rc::gen::element(Outcome::kNotHeld, Outcome::kHeld, Outcome::kLeftOut);
    facts.meetings[std::to_string(i)] =
        MeetingWith({*rc::gen::element(kCard, kMail)}, *rc::gen::inRange(0, 90) * kDay, outcome);
  }
  int64_t matured = 0;
  for (const auto& [key, counts] : CountLead(facts).cells) {
    RC_ASSERT(0 <= counts.held && counts.held <= counts.set && counts.set <= counts.matured);
    matured += counts.matured;
  }
  RC_ASSERT(matured <= uses);
}

// Ten leads a day are sent a card, and a fifth of them has a meeting held within three weeks. On whatever day
// one looks, what has matured says a fifth.
TEST(Credit, AMaturedRateIsTheTrueOneOnEveryDay) {
  constexpr double kTrue = 0.2;
  const auto rng = NewSeededRng(7);
  struct Fate {
    absl::Time used;
    // Infinite: never.
    absl::Time set = absl::InfiniteFuture();
    absl::Time held = absl::InfiniteFuture();
  };
  std::vector<Fate> fates;
  for (int day = 0; day < 120; ++day) {
    for (int i = 0; i < 10; ++i) {
      Fate& fate = fates.emplace_back(Fate{kStart + day * kDay});
      if (rng->Uniform() >= kTrue) continue;
      fate.set = fate.used + (1 + static_cast<int64_t>(rng->Below(9))) * kDay;
      fate.held = fate.set + (1 + static_cast<int64_t>(rng->Below(11))) * kDay;
    }
  }
  for (int day = 0; day <= 150; ++day) {
    const absl::Time now = kStart + day * kDay;
    Sums sums;
    for (const Fate& fate : fates) {
      LeadFacts facts;
      facts.uses = {{"u", kCard, "A1", "closing", fate.used, fate.used + kMaturity <= now}};
      if (fate.set <= now) {
        facts.meetings["m"] = {fate.set,
                               fate.held <= now ? Outcome::kHeld : Outcome::kNotHeld,
                               {{kCard.first, kCard.second, fate.set}}};
      }
      sums.Add(CountLead(facts), 1);
    }
    const Counts counts = sums.cells[{kCard, "A1", "closing"}];
    EXPECT_EQ(counts.matured, 10 * std::clamp(day - 29, 0, 120)) << day;
    if (counts.matured == 0) {
      EXPECT_EQ(counts.held, 0) << day;
      continue;
    }
    const auto n = static_cast<double>(counts.matured);
    EXPECT_NEAR(static_cast<double>(counts.held) / n, kTrue, 4 * std::sqrt(kTrue * (1 - kTrue) / n)) << day;
  }
}

}  // namespace
}  // namespace finalmile::catalog::usage::domain
