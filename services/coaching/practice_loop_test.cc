#include <fmt/format.h>
#include <gmock/gmock.h>

#include <algorithm>

#include "services/coaching/changes/meeting_changes.h"
#include "services/coaching/changes/rep_batch.h"
#include "services/coaching/practice_fixture.h"

// Meetings and managers bring reps to practise.
namespace finalmile::coaching {
namespace {

using appointments::v1::ConversationScored;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class PracticeLoopTest : public PracticeTest {
 protected:
  absl::StatusOr<v1::AssignPracticeResponse> Assign(const std::vector<std::string>& reps,
                                                    absl::Time due = absl::InfiniteFuture(),
                                                    const std::string& track = "fleet") {
    v1::AssignPracticeRequest request;
    request.set_talk_track("talkTracks/" + track);
    for (const std::string& rep : reps) request.add_reps("reps/" + rep);
    if (due != absl::InfiniteFuture()) *request.mutable_due_time() = rpc::ToTimestamp(due);
    return Call<v1::AssignPracticeResponse>(As("mia"), "AssignPractice", request);
  }
};
FINALMILE_ON_BOTH_ENGINES(PracticeLoopTest);

TEST_P(PracticeLoopTest, AnAssignmentIsDoneByAPracticeOfItsTrack) {
  PublishTrack("giant", "giant-bought-rival");
  const auto assigned = Assign({"kim", "ben"}, At(3, 10));
  ASSERT_TRUE(assigned.ok()) << assigned.status();
  EXPECT_EQ(assigned->assignments(0).rep(), "reps/kim");
  EXPECT_EQ(assigned->assignments(0).by(), "mia");
  EXPECT_EQ(Emitted("kim"), "assigned ASSIGNED");
  const auto again = Assign({"kim"});
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->assignments(0).name(), assigned->assignments(0).name());
  EXPECT_EQ(Emitted("kim"), "assigned ASSIGNED");
  EXPECT_THAT(Due("kim"), ElementsAre("fleet ASSIGNED"));
  Practise("kim", kIdle, "giant");
  EXPECT_THAT(Due("kim"), ElementsAre("fleet ASSIGNED"));
  Practise("kim", kNeither);
  EXPECT_THAT(Due("kim"), IsEmpty()) << "however it went";
  EXPECT_EQ(Emitted("kim"), "assigned ASSIGNED, submitted, submitted");
  EXPECT_THAT(Due("ben"), ElementsAre("fleet ASSIGNED"));
}

TEST_P(PracticeLoopTest, OverdueItStaysInTheList) {
  ASSERT_TRUE(Assign({"kim"}, At(3, 10)).ok());
  MoveTo(At(3, 10));
  EXPECT_EQ(Count("practice_assignments WHERE state = 2"), 1);
  EXPECT_EQ(Emitted("kim"), "assigned ASSIGNED") << "no event";
  EXPECT_THAT(Due("kim"), ElementsAre("fleet ASSIGNED"));
  Practise("kim", kIdle);
  EXPECT_THAT(Due("kim"), IsEmpty());
}

TEST_P(PracticeLoopTest, FaultsOfAnAssignmentAreNamed) {
  EXPECT_THAT(FieldsOf(Assign({}).status()), ElementsAre("reps"));
  EXPECT_THAT(FieldsOf(Assign({"kim", "kim"}).status()), ElementsAre("reps[1]"));
  EXPECT_THAT(FieldsOf(Assign({"kim"}, At(1, 10)).status()), ElementsAre("due_time"));
  EXPECT_EQ(ReasonOf(Assign({"kim"}, absl::InfiniteFuture(), "unknown").status()), "TALK_TRACK_NOT_FOUND");
  ASSERT_TRUE(Create(Whole(), "draft").ok());
  EXPECT_EQ(ReasonOf(Assign({"kim"}, absl::InfiniteFuture(), "draft").status()), "NOT_PUBLISHED");
  std::vector<std::string> many;
  for (int i = 0; i < 201; ++i) many.push_back("rep" + std::to_string(i));
  EXPECT_THAT(FieldsOf(Assign(many).status()), ElementsAre("reps"));
  many.pop_back();
  const auto all = Assign(many);
  ASSERT_TRUE(all.ok()) << all.status();
  EXPECT_EQ(all->assignments_size(), 200);
}

TEST_P(PracticeLoopTest, TwoHundredAreListedAtMost) {
  PublishTrack("giant", "giant-bought-rival");
  Practise("kim", kIdle);
  Execute(fmt::format(R"sql(
INSERT INTO practice_assignments
WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {})
SELECT 'assignment-' || n, 'kim', 'track-' || n, '', 1, 1, 0, CAST(NULL AS BIGINT), CAST(NULL AS BIGINT), '', '',
  'mia', '' FROM numbers)sql",
                      changes::kMostListed - 1));
  EXPECT_TRUE(Assign({"kim"}).ok());
  EXPECT_TRUE(Assign({"kim"}).ok()) << "the same one";
  EXPECT_EQ(ReasonOf(Assign({"kim"}, absl::InfiniteFuture(), "giant").status()), "TOO_MANY_ASSIGNMENTS");
  EXPECT_EQ(ReasonOf(Assign({"ben", "kim"}, absl::InfiniteFuture(), "giant").status()),
            "TOO_MANY_ASSIGNMENTS");
  EXPECT_THAT(Due("ben"), IsEmpty()) << "all reps or none";
}

TEST_P(PracticeLoopTest, AMeetingInASituationThatIsNotMasteredIsRehearsed) {
  Set("m1", "kim", At(3, 15));
  EXPECT_EQ(Emitted("kim"), "assigned REHEARSAL");
  const v1::PracticeAssigned event = RepEvents("kim")[0].practice_assigned();
  EXPECT_EQ(event.appointments(0), Meeting("m1"));
  EXPECT_EQ(rpc::FromTimestamp(event.due_time()), At(3, 14, 30));
  EXPECT_EQ(event.by(), "coaching.appointments");
  EXPECT_THAT(Due("kim"), ElementsAre("fleet MEETING"));
  Practise("kim", kIdle);
  EXPECT_THAT(Due("kim"), IsEmpty());

  Set("other", "ben", At(3, 15), "no-track-for-it");
  EXPECT_EQ(Emitted("ben"), "");
  Set("over", "ben", At(1, 9));
  EXPECT_EQ(Emitted("ben"), "");
}

TEST_P(PracticeLoopTest, WhoHasMasteredTheSituationRehearsesNothing) {
  Master("kim");
  const std::string before = Emitted("kim");
  Set("m1", "kim", At(8, 15));
  EXPECT_EQ(Emitted("kim"), before);
}

TEST_P(PracticeLoopTest, ARehearsalFollowsItsMeeting) {
  Set("m1", "kim", At(3, 15));
  // To another time: the same assignment, at another time.
  Reschedule("m1", "kim", At(4, 15));
  EXPECT_EQ(Emitted("kim"), "assigned REHEARSAL");
  v1::ListDuePracticeRequest request;
  request.set_rep("reps/kim");
  EXPECT_EQ(
      rpc::FromTimestamp(Must<v1::ListDuePracticeResponse>("ListDuePractice", request).due(0).due_time()),
      At(4, 14, 30));
  // To another host: theirs.
  Reschedule("m1", "ben", At(4, 15));
  EXPECT_THAT(Due("kim"), IsEmpty());
  EXPECT_THAT(Due("ben"), ElementsAre("fleet MEETING"));
  // And back: it is assigned anew.
  Reschedule("m1", "kim", At(5, 15));
  EXPECT_THAT(Due("ben"), IsEmpty());
  EXPECT_EQ(Emitted("kim"), "assigned REHEARSAL, assigned REHEARSAL");
  EXPECT_EQ(Count("practice_assignments"), 2);
  auto cancelled = NextOfMeeting("m1");
  Describe(*cancelled.mutable_appointment_cancelled(), "kim", At(5, 15), kSituation);
  Tell(cancelled);
  EXPECT_THAT(Due("kim"), IsEmpty());
  EXPECT_EQ(Count("practice_assignments WHERE state = 4"), 2);
}

TEST_P(PracticeLoopTest, TwoLowScoresWithinThreeWeeksBringPractice) {
  MoveTo(At(30, 10));
  Score("m1", At(1, 10), 5);
  EXPECT_EQ(Emitted("ben"), "");
  Score("m2", At(22, 10) + absl::Microseconds(1), 5);
  EXPECT_EQ(Emitted("ben"), "") << "21 days and a moment apart";
  Score("m3", At(10, 10), 5.5);
  EXPECT_EQ(Emitted("ben"), "") << "5.5 does not fail";
  Score("m4", At(20, 10), 4);
  EXPECT_EQ(Emitted("ben"), "assigned LOW_SCORE");
  const v1::PracticeAssigned event = RepEvents("ben")[0].practice_assigned();
  EXPECT_EQ(event.criterion(), "value");
  EXPECT_THAT(event.appointments(), ElementsAre(Meeting("m1"), Meeting("m4")));
  EXPECT_THAT(Due("ben"), ElementsAre("fleet LOW_SCORE value"));
}

TEST_P(PracticeLoopTest, OneMeetingCountsOnceWhoeverScoresIt) {
  Score("m1", At(1, 9), 4);
  Tell(ScoreEvent("m1", At(1, 9), 3, ConversationScored::SOURCE_COACH));
  EXPECT_EQ(Emitted("ben"), "");
}

TEST_P(PracticeLoopTest, AScoreThatIsTakenBackWithdrawsThePractice) {
  Score("m1", At(1, 9), 4);
  Tell(ScoreEvent("m2", At(1, 9, 30), 3, ConversationScored::SOURCE_COACH));
  EXPECT_THAT(Due("ben"), ElementsAre("fleet LOW_SCORE value"));
  // The coach thinks again.
  Tell(ScoreEvent("m2", At(1, 9, 30), 8, ConversationScored::SOURCE_COACH));
  EXPECT_THAT(Due("ben"), IsEmpty());
  // And the meeting was not held at all, or was.
  Tell(ScoreEvent("m2", At(1, 9, 30), 3, ConversationScored::SOURCE_COACH));
  EXPECT_THAT(Due("ben"), ElementsAre("fleet LOW_SCORE value"));
  Correct("m1", "ben", false);
  EXPECT_THAT(Due("ben"), IsEmpty());
  Correct("m1", "ben", true);
  EXPECT_THAT(Due("ben"), ElementsAre("fleet LOW_SCORE value"));
  EXPECT_EQ(Count("practice_assignments"), 1) << "one assignment for one cause";
}

TEST_P(PracticeLoopTest, APairIsUsedUpByItsPractice) {
  Score("m1", At(1, 7), 4);
  Score("m2", At(1, 8), 4);
  Practise("ben", kIdle);
  EXPECT_EQ(Emitted("ben"), "assigned LOW_SCORE, submitted");
  Score("m3", At(1, 9), 4);
  EXPECT_EQ(Emitted("ben"), "assigned LOW_SCORE, submitted");
  Score("m4", At(1, 9, 30), 4);
  EXPECT_EQ(Emitted("ben"), "assigned LOW_SCORE, submitted, assigned LOW_SCORE");
}

TEST_P(PracticeLoopTest, TwoAreOpenAtMost) {
  for (int i = 0; i < 6; ++i) Score("m" + std::to_string(i), At(1, 1 + i), 4);
  EXPECT_THAT(Due("ben"), ElementsAre("fleet LOW_SCORE value", "fleet LOW_SCORE value"));
  EXPECT_THAT(Due("ben", 1), ElementsAre("fleet LOW_SCORE value", "fleet LOW_SCORE value"));
  Practise("ben", kIdle);
  EXPECT_THAT(Due("ben"), IsEmpty());
  // The next low score asks again.
  Score("m6", At(1, 9), 4);
  EXPECT_THAT(Due("ben"), ElementsAre("fleet LOW_SCORE value"));
}

TEST_P(PracticeLoopTest, TheOrderInWhichScoresComeDoesNotMatter) {
  std::vector<int> order = {0, 1, 2, 3};
  std::vector<std::string> first;
  int rounds = 0;
  do {
    // Meetings of a host of their own: each of the orders begins from nothing.
    const std::string host = "host" + std::to_string(rounds);
    for (const int day : order) {
      auto event = ScoreEvent("m" + std::to_string(day) + "-" + std::to_string(rounds),
                              At(1, 1) - 12 * day * absl::Hours(24), 4);
      event.mutable_conversation_scored()->set_host(host);
      Tell(event);
    }
    std::vector<std::string> pairs;
    v1::ListDuePracticeRequest request;
    request.set_rep("reps/" + host);
    const auto listed = Must<v1::ListDuePracticeResponse>("ListDuePractice", request);
    for (const v1::DuePractice& due : listed.due()) {
      std::string pair;
      for (const std::string& name : due.assignment().appointments()) {
        for (int day = 0; day < 4; ++day) {
          if (name == Meeting("m" + std::to_string(day) + "-" + std::to_string(rounds)))
            pair += std::to_string(day);
        }
      }
      pairs.push_back(pair);
    }
    std::sort(pairs.begin(), pairs.end());
    if (first.empty()) first = pairs;
    EXPECT_THAT(pairs, ElementsAre("10", "32"));
    ++rounds;
  } while (std::next_permutation(order.begin(), order.end()));
  EXPECT_EQ(rounds, 24);
}

TEST_P(PracticeLoopTest, LowScoresOfOnesOwnAreOffered) {
  for (int i = 0; i < 2; ++i) {
    Tell(ScoreEvent("m" + std::to_string(i), At(1, 7 + i), 4, ConversationScored::SOURCE_SELF));
  }
  EXPECT_EQ(Emitted("ben"), "") << "it is an offer";
  EXPECT_THAT(Due("ben"), ElementsAre("fleet SELF_SCORE value"));
  Practise("ben", kIdle);
  EXPECT_THAT(Due("ben"), IsEmpty());
}

TEST_P(PracticeLoopTest, WhatIsOverIsDeleted) {
  Score("m1", At(1, 9), 4);
  MoveTo(At(1, 9) + changes::kKeepMeetings - absl::Microseconds(1));
  EXPECT_EQ(Count("practice_meetings"), 1);
  MoveTo(At(1, 9) + changes::kKeepMeetings);
  EXPECT_EQ(Count("practice_meetings"), 0);
  EXPECT_EQ(Count("practice_low_scores"), 0);
}

TEST_P(PracticeLoopTest, WhatNamesNoMeetingOrHostIsParked) {
  auto event = NextOfMeeting("m1");
  Describe(*event.mutable_appointment_set(), "Not A Principal", At(3, 15), kSituation);
  Tell(event);
  EXPECT_EQ(Count("parked"), 1);
  EXPECT_EQ(Count("practice_meetings"), 0);
}

}  // namespace
}  // namespace finalmile::coaching
