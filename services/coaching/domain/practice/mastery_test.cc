#include "services/coaching/domain/practice/mastery.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <set>

namespace finalmile::coaching {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr absl::Duration kDay = absl::Hours(24);
constexpr absl::Duration kLeast = absl::Microseconds(1);
const absl::CivilDay kFirstDay(2026, 3, 1);

absl::Time Noon(int day) {
  return absl::FromCivil(absl::CivilSecond(kFirstDay + day) + 12 * 3600, absl::UTCTimeZone());
}

// A practice at noon of a day, numbered from 0.
PracticeFact On(int day, double score, bool coach_reviewed = false, int64_t version = 1) {
  return {PracticeId("p" + std::to_string(day)), Noon(day), kFirstDay + day, version, score, coach_reviewed};
}
const std::vector<PracticeFact> kThreeDays = {On(0, 8), On(2, 8, true), On(7, 8)};

// "mastered", "rehearsal", "lapsed 1".
std::vector<std::string> Texts(const std::vector<MasteryEvent>& events) {
  std::vector<std::string> texts;
  for (const MasteryEvent& event : events) {
    if (std::holds_alternative<Mastered>(event)) texts.emplace_back("mastered");
    if (std::holds_alternative<RehearsalCalled>(event)) texts.emplace_back("rehearsal");
    if (const auto* lapsed = std::get_if<Lapsed>(&event))
      texts.push_back("lapsed " + std::to_string(static_cast<int>(lapsed->reason)));
  }
  return texts;
}
std::vector<std::string> Emitted(MasteryRecord& record, const std::vector<PracticeFact>& practices,
                                 absl::Time now, int64_t certificate_version = 1) {
  return Texts(Update(record, MasteryOf(practices, certificate_version, now), certificate_version, now));
}

TEST(MasteryTest, ThreeDaysAndACoach) {
  struct Row {
    std::string name;
    std::vector<PracticeFact> practices;
    bool mastered;
    size_t days;
  };
  PracticeFact again = On(2, 8);
  again.id = PracticeId("q");
  for (const Row& row : {
           Row{"three", kThreeDays, true, 3},
           Row{"two", {On(0, 8), On(2, 8, true)}, false, 2},
           Row{"two on one day", {On(0, 8), On(2, 8, true), again}, false, 2},
           Row{"another one on the coach's day", {On(0, 8), On(2, 8, true), again, On(7, 8)}, true, 3},
           Row{"none by a coach", {On(0, 9), On(2, 9), On(7, 9)}, false, 3},
           Row{"at the mark", {On(0, 7.5), On(2, 7.5, true), On(7, 7.5)}, true, 3},
           Row{"below the mark", {On(0, 8), On(2, 8, true), On(7, 7.499999999)}, false, 2},
           Row{"the coach's is below it", {On(0, 9), On(1, 6, true), On(2, 9), On(3, 9)}, false, 3},
           Row{"28 days apart", {On(0, 8), On(1, 8, true), On(28, 8)}, true, 3},
           Row{"the 30th day", {On(0, 8), On(1, 8, true), On(29, 8)}, true, 3},
           Row{"the 31st day", {On(0, 8), On(1, 8, true), On(30, 8)}, false, 2},
           Row{"the coach's day has gone", {On(0, 8, true), On(10, 8), On(20, 8), On(31, 8)}, true, 3},
           Row{"the coach's day came too early", {On(0, 8, true), On(20, 8), On(31, 8), On(33, 8)}, false, 3},
           Row{"none", {}, false, 0},
       }) {
    SCOPED_TRACE(row.name);
    const Mastery mastery = MasteryOf(row.practices, 1, Noon(40));
    EXPECT_EQ(mastery.state, row.mastered ? MasteryState::kMastered : MasteryState::kNone);
    EXPECT_THAT(mastery.days, SizeIs(row.days));
  }
}

TEST(MasteryTest, TheBestPracticeOfADayCounts) {
  PracticeFact worse = On(7, 3, true);
  worse.id = PracticeId("worse");
  std::vector<PracticeFact> practices = kThreeDays;
  practices.push_back(worse);
  EXPECT_EQ(MasteryOf(practices, 1, Noon(8)).state, MasteryState::kMastered);
}

TEST(MasteryTest, TheMemoryFoldsEveryPracticeByTime) {
  // The published history 0:3 2:3 7:3.
  const Mastery mastery = MasteryOf(kThreeDays, 1, Noon(8));
  EXPECT_NEAR(mastery.memory->stability, 30.13323121, 1e-8);
  EXPECT_NEAR(absl::FDivDuration(mastery.rehearsal_time - Noon(7), kDay), 30.1332, 1e-4);
  EXPECT_NEAR(absl::FDivDuration(mastery.lapse_time - Noon(7), kDay), 99.9206, 1e-4);
  EXPECT_NEAR(RetrievabilityAt(mastery, Noon(8)), .99507534, 1e-8);
  EXPECT_EQ(mastery.mastered_time, Noon(7));
  // Another version of the track is the same track to the memory.
  std::vector<PracticeFact> practices = kThreeDays;
  practices[0].track_version = 3;
  EXPECT_EQ(MasteryOf(practices, 3, Noon(8)).memory, mastery.memory);
}

TEST(MasteryTest, SaysWhichPracticeCountsLast) {
  EXPECT_EQ(MasteryOf({}, 1, Noon(8)).counted_time, absl::InfinitePast());
  std::vector<PracticeFact> practices = kThreeDays;
  practices.push_back(On(9, 7.4));
  EXPECT_EQ(MasteryOf(practices, 1, Noon(10)).counted_time, Noon(7)) << "below the score";
  practices.push_back(On(10, 7.5, false, 2));
  const Mastery mastery = MasteryOf(practices, 1, Noon(10));
  EXPECT_EQ(mastery.counted_time, Noon(10));
  EXPECT_EQ(mastery.counted_version, 2);
  EXPECT_EQ(mastery.mastered_version, 1);
  EXPECT_EQ(MasteryOf(kThreeDays, 2, Noon(10)).counted_time, absl::InfinitePast()) << "of earlier versions";
}

TEST(MasteryTest, ARehearsalIsCalledForOnceAfterEachPractice) {
  MasteryRecord record;
  std::vector<PracticeFact> practices = kThreeDays;
  EXPECT_THAT(Emitted(record, practices, Noon(7)), ElementsAre("mastered"));
  Mastery mastery = MasteryOf(practices, 1, Noon(7));
  const absl::Time due = mastery.rehearsal_time;
  EXPECT_EQ(NextDue(record, mastery), due);
  EXPECT_THAT(Emitted(record, practices, due - kLeast), IsEmpty());
  const std::vector<MasteryEvent> events = Update(record, MasteryOf(practices, 1, due), 1, due);
  EXPECT_THAT(Texts(events), ElementsAre("rehearsal"));
  EXPECT_NEAR(std::get<RehearsalCalled>(events[0]).retrievability, .9, 1e-9);
  EXPECT_EQ(NextDue(record, MasteryOf(practices, 1, due)), mastery.lapse_time);
  EXPECT_THAT(Emitted(record, practices, due + kDay), IsEmpty());

  practices.push_back(On(40, 8));
  EXPECT_THAT(Emitted(record, practices, Noon(40)), IsEmpty());
  mastery = MasteryOf(practices, 1, Noon(40));
  EXPECT_GT(mastery.rehearsal_time, due + 40 * kDay);
  EXPECT_THAT(Emitted(record, practices, mastery.rehearsal_time), ElementsAre("rehearsal"));
}

TEST(MasteryTest, ForgottenAtItsTime) {
  MasteryRecord record;
  EXPECT_THAT(Emitted(record, kThreeDays, Noon(7)), ElementsAre("mastered"));
  const absl::Time lapse = MasteryOf(kThreeDays, 1, Noon(7)).lapse_time;
  EXPECT_THAT(Emitted(record, kThreeDays, lapse - kLeast), ElementsAre("rehearsal"));
  EXPECT_NEAR(RetrievabilityAt(MasteryOf(kThreeDays, 1, lapse), lapse), .8, 1e-9);
  EXPECT_THAT(Emitted(record, kThreeDays, lapse), ElementsAre("lapsed 1"));
  EXPECT_EQ(record.state, MasteryState::kLapsed);
  EXPECT_THAT(Emitted(record, kThreeDays, lapse + kDay), IsEmpty());
  EXPECT_EQ(NextDue(record, MasteryOf(kThreeDays, 1, lapse)), absl::InfiniteFuture());
}

TEST(MasteryTest, NotForgottenBeforeThirtyDays) {
  // Easily forgotten: the published history 0:1 2:2 7:3 lapses by its memory after 23 days, these sooner.
  const std::vector<PracticeFact> practices = {On(0, 2), On(0, 8), On(1, 8, true), On(2, 8), On(3, 2)};
  const Mastery mastery = MasteryOf(practices, 1, Noon(3));
  ASSERT_EQ(mastery.state, MasteryState::kMastered);
  EXPECT_LT(IntervalDays(.8, mastery.memory->stability), 27);
  EXPECT_EQ(mastery.lapse_time, Noon(2) + kShortestMastery);
  EXPECT_EQ(MasteryOf(practices, 1, Noon(32) - kLeast).state, MasteryState::kMastered);
  EXPECT_EQ(MasteryOf(practices, 1, Noon(32)).state, MasteryState::kLapsed);
}

TEST(MasteryTest, AfterALapseDaysCountAnew) {
  std::vector<PracticeFact> practices = kThreeDays;
  practices.push_back(On(120, 9, true));
  practices.push_back(On(121, 9));
  const Mastery lapsed = MasteryOf(practices, 1, Noon(121));
  EXPECT_EQ(lapsed.state, MasteryState::kLapsed);
  EXPECT_THAT(lapsed.days, ElementsAre(kFirstDay + 120, kFirstDay + 121));
  practices.push_back(On(122, 9));
  const Mastery again = MasteryOf(practices, 1, Noon(122));
  EXPECT_EQ(again.state, MasteryState::kMastered);
  EXPECT_EQ(again.mastered_time, Noon(122));
}

TEST(MasteryTest, DaysBeforeALapseBringNoMasteryBack) {
  std::vector<PracticeFact> practices = {On(0, 8), On(1, 8, true), On(2, 8), On(24, 8, true), On(25, 8)};
  // It goes badly again and again, so that nothing is remembered after 30 days.
  for (int i = 0; i < 6; ++i) {
    PracticeFact bad = On(25, 2);
    bad.id = PracticeId("q" + std::to_string(i));
    practices.push_back(bad);
  }
  const absl::Time lapse = Noon(2) + kShortestMastery;
  ASSERT_EQ(MasteryOf(practices, 1, lapse - kLeast).lapse_time, lapse);
  // Within 30 days of two that counted.
  practices.push_back(On(33, 9, true));
  const Mastery mastery = MasteryOf(practices, 1, Noon(33));
  EXPECT_EQ(mastery.state, MasteryState::kLapsed);
  EXPECT_THAT(mastery.days, ElementsAre(kFirstDay + 33));
}

TEST(MasteryTest, ALatePracticeUndoesALapseThatWasNotEmittedYet) {
  MasteryRecord record;
  EXPECT_THAT(Emitted(record, kThreeDays, Noon(7)), ElementsAre("mastered"));
  EXPECT_THAT(Emitted(record, kThreeDays, Noon(100)), ElementsAre("rehearsal"));
  // It took place before the lapse, and is submitted after it.
  std::vector<PracticeFact> practices = kThreeDays;
  practices.push_back(On(105, 8));
  EXPECT_THAT(Emitted(record, practices, Noon(110)), IsEmpty());
  EXPECT_EQ(record.state, MasteryState::kMastered);
}

TEST(MasteryTest, AReviewThatTakesADayAwayEndsIt) {
  MasteryRecord record;
  EXPECT_THAT(Emitted(record, kThreeDays, Noon(7)), ElementsAre("mastered"));
  std::vector<PracticeFact> practices = kThreeDays;
  practices[2].score = 6;
  practices[2].coach_reviewed = true;
  EXPECT_THAT(Emitted(record, practices, Noon(8)), ElementsAre("lapsed 3"));
  EXPECT_THAT(Emitted(record, practices, Noon(8)), IsEmpty());
  practices[2].score = 8;
  EXPECT_THAT(Emitted(record, practices, Noon(9)), ElementsAre("mastered"));
  // A fourth day stands in for the lost one.
  practices.push_back(On(9, 8));
  EXPECT_THAT(Emitted(record, practices, Noon(9)), IsEmpty());
  practices[2].score = 6;
  EXPECT_THAT(Emitted(record, practices, Noon(10)), IsEmpty());
  EXPECT_EQ(MasteryOf(practices, 1, Noon(10)).mastered_time, Noon(9));
}

TEST(MasteryTest, AVersionMayAskForMasteryAnew) {
  MasteryRecord record;
  EXPECT_THAT(Emitted(record, kThreeDays, Noon(7)), ElementsAre("mastered"));
  EXPECT_THAT(Emitted(record, kThreeDays, Noon(8), 2), ElementsAre("lapsed 2"));
  EXPECT_THAT(Emitted(record, kThreeDays, Noon(8), 2), IsEmpty());
  std::vector<PracticeFact> practices = kThreeDays;
  for (const int day : {9, 10}) practices.push_back(On(day, 8, true, 2));
  EXPECT_THAT(Emitted(record, practices, Noon(10), 2), IsEmpty());
  practices.push_back(On(11, 8, true, 3));
  EXPECT_THAT(Emitted(record, practices, Noon(11), 2), ElementsAre("mastered"));
  EXPECT_EQ(MasteryOf(practices, 2, Noon(11)).mastered_version, 3);
}

TEST(MasteryTest, AMasteryThatHadLapsedBeforeItWasKnownEmitsNothing) {
  MasteryRecord record;
  EXPECT_THAT(Emitted(record, kThreeDays, Noon(300)), IsEmpty());
  EXPECT_EQ(record.state, MasteryState::kLapsed);
  EXPECT_EQ(record.lapse_reason, LapseReason::kForgotten);
}

TEST(MasteryTest, DaysAreThoseOfTheCalendar) {
  absl::TimeZone zone;
  ASSERT_TRUE(absl::LoadTimeZone("Europe/Berlin", &zone));
  // 23 hours apart, on the day that the clocks skip an hour.
  std::vector<PracticeFact> practices;
  for (const absl::CivilDay day : {absl::CivilDay(2027, 3, 27), absl::CivilDay(2027, 3, 28)}) {
    Practice practice;
    practice.time = absl::FromCivil(absl::CivilSecond(day) + 12 * 3600, zone);
    practice.analysis_score = 8;
    Submit(practice, zone);
    practices.push_back(FactOf(PracticeId(absl::FormatCivilTime(day)), practice));
  }
  EXPECT_EQ(practices[1].time - practices[0].time, absl::Hours(23));
  EXPECT_EQ(MasteryOf(practices, 1, practices[1].time).memory,
            NextMemory(FirstMemory(Grade::kGood), 1, Grade::kGood));
  // Days that were fixed in another zone may run backwards; they count as one.
  practices[1].day = practices[0].day - 1;
  EXPECT_EQ(MasteryOf(practices, 1, practices[1].time).memory,
            NextMemory(FirstMemory(Grade::kGood), 0, Grade::kGood));
}

std::vector<PracticeFact> AnyPractices() {
  std::vector<PracticeFact> practices;
  const auto count = *rc::gen::inRange(1, 12);
  for (int i = 0; i < count; ++i) {
    PracticeFact practice = On(*rc::gen::inRange(0, 60), *rc::gen::inRange(4, 21) / 2.,
                               *rc::gen::arbitrary<bool>(), *rc::gen::inRange(1, 3));
    practice.id = PracticeId(std::to_string(i));
    practices.push_back(practice);
  }
  return practices;
}

RC_GTEST_PROP(MasteryProperty, NoOrderOfArrivalMatters, ()) {
  const std::vector<PracticeFact> practices = AnyPractices();
  const absl::Time now = Noon(*rc::gen::inRange(60, 200));
  const Mastery expected = MasteryOf(practices, 1, now);

  std::vector<PracticeFact> rest = practices;
  std::vector<PracticeFact> arrived;
  MasteryRecord record;
  std::multiset<PracticeId> rehearsed;
  int held = 0;
  while (!rest.empty()) {
    const auto next = rest.begin() + *rc::gen::inRange<int>(0, static_cast<int>(rest.size()));
    arrived.push_back(*next);
    rest.erase(next);
    const Mastery mastery = MasteryOf(arrived, 1, now);
    for (const std::string& text : Texts(Update(record, mastery, 1, now))) {
      if (text == "rehearsal") rehearsed.insert(mastery.last_practice);
      if (text == "mastered") ++held;
      if (text.starts_with("lapsed")) --held;
      RC_ASSERT(held == 0 || held == 1);
    }
  }
  RC_ASSERT(MasteryOf(arrived, 1, now) == expected);
  RC_ASSERT(record.state == expected.state);
  RC_ASSERT(held == (expected.state == MasteryState::kMastered ? 1 : 0));
  for (const PracticeId& practice : rehearsed) RC_ASSERT(rehearsed.count(practice) == 1u);
}

RC_GTEST_PROP(MasteryProperty, NothingIsEmittedBeforeTheNextDueTime, ()) {
  const std::vector<PracticeFact> practices = AnyPractices();
  absl::Time now = Noon(60);
  MasteryRecord record;
  Mastery mastery = MasteryOf(practices, 1, now);
  Update(record, mastery, 1, now);
  for (int i = 0; i < 3 && NextDue(record, mastery) != absl::InfiniteFuture(); ++i) {
    const absl::Time due = NextDue(record, mastery);
    RC_ASSERT(due > now);
    RC_ASSERT(Emitted(record, practices, due - kLeast).empty());
    now = due;
    RC_ASSERT(!Emitted(record, practices, now).empty());
    mastery = MasteryOf(practices, 1, now);
  }
  RC_ASSERT(NextDue(record, mastery) == absl::InfiniteFuture());
}

}  // namespace
}  // namespace finalmile::coaching
