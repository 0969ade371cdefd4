#include <gmock/gmock.h>

#include <algorithm>

#include "services/coaching/changes/meeting_changes.h"
#include "services/coaching/practice_fixture.h"

// Meetings and managers bring reps to practise.
namespace finalmile::coaching {
namespace {

using appointments::v1::ConversationScored;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Fixture = PracticeFixture;

using PracticeLoopTest = PracticeTest;
FINALMILE_ON_BOTH_ENGINES(PracticeLoopTest);

absl::StatusOr<v1::AssignPracticeResponse> Assign(Fixture& f, const std::vector<std::string>& reps,
                                                  absl::Time due = absl::InfiniteFuture(),
                                                  const std::string& track = "fleet") {
  v1::AssignPracticeRequest request;
  request.set_talk_track("talkTracks/" + track);
  for (const std::string& rep : reps) request.add_reps("reps/" + rep);
  if (due != absl::InfiniteFuture()) *request.mutable_due_time() = rpc::ToTimestamp(due);
  return f.Call<v1::AssignPracticeResponse>("mia", "AssignPractice", request);
}

TEST_P(PracticeLoopTest, AnAssignmentIsDoneByAPracticeOfItsTrack) {
  f().Publish("giant", "giant-bought-rival");
  const auto assigned = Assign(f(), {"kim", "ben"}, Fixture::At(3, 10));
  ASSERT_TRUE(assigned.ok()) << assigned.status();
  EXPECT_EQ(assigned->assignments(0).rep(), "reps/kim");
  EXPECT_EQ(assigned->assignments(0).by(), "mia");
  EXPECT_EQ(f().Told("kim"), "assigned ASSIGNED");
  const auto again = Assign(f(), {"kim"});
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->assignments(0).name(), assigned->assignments(0).name());
  EXPECT_EQ(f().Told("kim"), "assigned ASSIGNED");
  EXPECT_THAT(f().Due("kim"), ElementsAre("fleet ASSIGNED"));
  f().Practise("kim", Fixture::kIdle, "giant");
  EXPECT_THAT(f().Due("kim"), ElementsAre("fleet ASSIGNED"));
  f().Practise("kim", Fixture::kNeither);
  EXPECT_THAT(f().Due("kim"), IsEmpty()) << "however it went";
  EXPECT_EQ(f().Told("kim"), "assigned ASSIGNED, submitted, submitted");
  EXPECT_THAT(f().Due("ben"), ElementsAre("fleet ASSIGNED"));
}

TEST_P(PracticeLoopTest, OverdueItStaysInTheList) {
  ASSERT_TRUE(Assign(f(), {"kim"}, Fixture::At(3, 10)).ok());
  f().MoveTo(Fixture::At(3, 10));
  EXPECT_EQ(f().Count("practice_assignments WHERE state = 2"), 1);
  EXPECT_EQ(f().Told("kim"), "assigned ASSIGNED") << "nobody is told";
  EXPECT_THAT(f().Due("kim"), ElementsAre("fleet ASSIGNED"));
  f().Practise("kim", Fixture::kIdle);
  EXPECT_THAT(f().Due("kim"), IsEmpty());
}

TEST_P(PracticeLoopTest, FaultsOfAnAssignmentAreNamed) {
  const auto fields = [](const absl::Status& status) {
    std::vector<std::string> names;
    for (const auto& violation : rpc::ViolationsOf(status)) names.push_back(violation.field());
    return names;
  };
  EXPECT_THAT(fields(Assign(f(), {}).status()), ElementsAre("reps"));
  EXPECT_THAT(fields(Assign(f(), {"kim", "kim"}).status()), ElementsAre("reps[1]"));
  EXPECT_THAT(fields(Assign(f(), {"kim"}, Fixture::At(1, 10)).status()), ElementsAre("due_time"));
  EXPECT_EQ(rpc::ReasonOf(Assign(f(), {"kim"}, absl::InfiniteFuture(), "unknown").status()),
            "TALK_TRACK_NOT_FOUND");
  v1::CreateTalkTrackRequest create;
  *create.mutable_talk_track() = changes::ToProto(WholeTrack());
  create.set_talk_track_id("draft");
  f().Must<v1::TalkTrack>("CreateTalkTrack", create);
  EXPECT_EQ(rpc::ReasonOf(Assign(f(), {"kim"}, absl::InfiniteFuture(), "draft").status()), "NOT_PUBLISHED");
  std::vector<std::string> many;
  for (int i = 0; i < 201; ++i) many.push_back("rep" + std::to_string(i));
  EXPECT_THAT(fields(Assign(f(), many).status()), ElementsAre("reps"));
  many.pop_back();
  const auto all = Assign(f(), many);
  ASSERT_TRUE(all.ok()) << all.status();
  EXPECT_EQ(all->assignments_size(), 200);
}

TEST_P(PracticeLoopTest, AMeetingInASituationThatIsNotMasteredIsRehearsed) {
  f().Set("m1", "kim", Fixture::At(3, 15));
  EXPECT_EQ(f().Told("kim"), "assigned REHEARSAL");
  const v1::PracticeAssigned event = f().EventsOf("kim")[0].practice_assigned();
  EXPECT_EQ(event.appointments(0), Fixture::Meeting("m1"));
  EXPECT_EQ(rpc::FromTimestamp(event.due_time()), Fixture::At(3, 14, 30));
  EXPECT_EQ(event.by(), "coaching.appointments");
  EXPECT_THAT(f().Due("kim"), ElementsAre("fleet MEETING"));
  f().Practise("kim", Fixture::kIdle);
  EXPECT_THAT(f().Due("kim"), IsEmpty());

  f().Set("other", "ben", Fixture::At(3, 15), "no-track-for-it");
  EXPECT_EQ(f().Told("ben"), "");
  f().Set("over", "ben", Fixture::At(1, 9));
  EXPECT_EQ(f().Told("ben"), "");
}

TEST_P(PracticeLoopTest, WhoHasMasteredTheSituationRehearsesNothing) {
  f().Master("kim");
  const std::string before = f().Told("kim");
  f().Set("m1", "kim", Fixture::At(8, 15));
  EXPECT_EQ(f().Told("kim"), before);
}

TEST_P(PracticeLoopTest, ARehearsalFollowsItsMeeting) {
  f().Set("m1", "kim", Fixture::At(3, 15));
  // To another time: the same assignment, at another time.
  f().Reschedule("m1", "kim", Fixture::At(4, 15));
  EXPECT_EQ(f().Told("kim"), "assigned REHEARSAL");
  v1::ListDuePracticeRequest request;
  request.set_rep("reps/kim");
  EXPECT_EQ(
      rpc::FromTimestamp(f().Must<v1::ListDuePracticeResponse>("ListDuePractice", request).due(0).due_time()),
      Fixture::At(4, 14, 30));
  // To another host: theirs.
  f().Reschedule("m1", "ben", Fixture::At(4, 15));
  EXPECT_THAT(f().Due("kim"), IsEmpty());
  EXPECT_THAT(f().Due("ben"), ElementsAre("fleet MEETING"));
  // And back: it is assigned anew.
  f().Reschedule("m1", "kim", Fixture::At(5, 15));
  EXPECT_THAT(f().Due("ben"), IsEmpty());
  EXPECT_EQ(f().Told("kim"), "assigned REHEARSAL, assigned REHEARSAL");
  EXPECT_EQ(f().Count("practice_assignments"), 2);
  auto cancelled = f().NextOf("m1");
  Fixture::Describe(*cancelled.mutable_appointment_cancelled(), "kim", Fixture::At(5, 15),
                    Fixture::kSituation);
  f().Tell(cancelled);
  EXPECT_THAT(f().Due("kim"), IsEmpty());
  EXPECT_EQ(f().Count("practice_assignments WHERE state = 4"), 2);
}

TEST_P(PracticeLoopTest, TwoLowScoresWithinThreeWeeksBringPractice) {
  f().MoveTo(Fixture::At(30, 10));
  f().Score("m1", Fixture::At(1, 10), 5);
  EXPECT_EQ(f().Told("ben"), "");
  f().Score("m2", Fixture::At(22, 10) + absl::Microseconds(1), 5);
  EXPECT_EQ(f().Told("ben"), "") << "21 days and a moment apart";
  f().Score("m3", Fixture::At(10, 10), 5.5);
  EXPECT_EQ(f().Told("ben"), "") << "5.5 does not fail";
  f().Score("m4", Fixture::At(20, 10), 4);
  EXPECT_EQ(f().Told("ben"), "assigned LOW_SCORE");
  const v1::PracticeAssigned event = f().EventsOf("ben")[0].practice_assigned();
  EXPECT_EQ(event.criterion(), "value");
  EXPECT_THAT(event.appointments(), ElementsAre(Fixture::Meeting("m1"), Fixture::Meeting("m4")));
  EXPECT_THAT(f().Due("ben"), ElementsAre("fleet LOW_SCORE value"));
}

TEST_P(PracticeLoopTest, OneMeetingCountsOnceWhoeverScoresIt) {
  f().Score("m1", Fixture::At(1, 9), 4);
  f().Tell(f().ScoreEvent("m1", Fixture::At(1, 9), 3, ConversationScored::SOURCE_COACH));
  EXPECT_EQ(f().Told("ben"), "");
}

TEST_P(PracticeLoopTest, AScoreThatIsTakenBackWithdrawsThePractice) {
  f().Score("m1", Fixture::At(1, 9), 4);
  f().Tell(f().ScoreEvent("m2", Fixture::At(1, 9, 30), 3, ConversationScored::SOURCE_COACH));
  EXPECT_THAT(f().Due("ben"), ElementsAre("fleet LOW_SCORE value"));
  // The coach thinks again.
  f().Tell(f().ScoreEvent("m2", Fixture::At(1, 9, 30), 8, ConversationScored::SOURCE_COACH));
  EXPECT_THAT(f().Due("ben"), IsEmpty());
  // And the meeting was not held at all, or was.
  f().Tell(f().ScoreEvent("m2", Fixture::At(1, 9, 30), 3, ConversationScored::SOURCE_COACH));
  EXPECT_THAT(f().Due("ben"), ElementsAre("fleet LOW_SCORE value"));
  f().Correct("m1", "ben", false);
  EXPECT_THAT(f().Due("ben"), IsEmpty());
  f().Correct("m1", "ben", true);
  EXPECT_THAT(f().Due("ben"), ElementsAre("fleet LOW_SCORE value"));
  EXPECT_EQ(f().Count("practice_assignments"), 1) << "one assignment for one cause";
}

TEST_P(PracticeLoopTest, APairIsUsedUpByItsPractice) {
  f().Score("m1", Fixture::At(1, 7), 4);
  f().Score("m2", Fixture::At(1, 8), 4);
  f().Practise("ben", Fixture::kIdle);
  EXPECT_EQ(f().Told("ben"), "assigned LOW_SCORE, submitted");
  f().Score("m3", Fixture::At(1, 9), 4);
  EXPECT_EQ(f().Told("ben"), "assigned LOW_SCORE, submitted");
  f().Score("m4", Fixture::At(1, 9, 30), 4);
  EXPECT_EQ(f().Told("ben"), "assigned LOW_SCORE, submitted, assigned LOW_SCORE");
}

TEST_P(PracticeLoopTest, TwoAreOpenAtMost) {
  for (int i = 0; i < 6; ++i) f().Score("m" + std::to_string(i), Fixture::At(1, 1 + i), 4);
  EXPECT_THAT(f().Due("ben"), ElementsAre("fleet LOW_SCORE value", "fleet LOW_SCORE value"));
  EXPECT_THAT(f().Due("ben", 1), ElementsAre("fleet LOW_SCORE value", "fleet LOW_SCORE value"));
  f().Practise("ben", Fixture::kIdle);
  EXPECT_THAT(f().Due("ben"), IsEmpty());
  // The next low score asks again.
  f().Score("m6", Fixture::At(1, 9), 4);
  EXPECT_THAT(f().Due("ben"), ElementsAre("fleet LOW_SCORE value"));
}

TEST_P(PracticeLoopTest, TheOrderInWhichScoresComeDoesNotMatter) {
  std::vector<int> order = {0, 1, 2, 3};
  std::vector<std::string> first;
  int rounds = 0;
  do {
    // Meetings of a host of their own: each of the orders begins from nothing.
    const std::string host = "host" + std::to_string(rounds);
    for (const int day : order) {
      auto event = f().ScoreEvent("m" + std::to_string(day) + "-" + std::to_string(rounds),
                                  Fixture::At(1, 1) - 12 * day * absl::Hours(24), 4);
      event.mutable_conversation_scored()->set_host(host);
      f().Tell(event);
    }
    std::vector<std::string> pairs;
    v1::ListDuePracticeRequest request;
    request.set_rep("reps/" + host);
    const auto listed = f().Must<v1::ListDuePracticeResponse>("ListDuePractice", request);
    for (const v1::DuePractice& due : listed.due()) {
      std::string pair;
      for (const std::string& name : due.assignment().appointments()) {
        for (int day = 0; day < 4; ++day) {
          if (name == Fixture::Meeting("m" + std::to_string(day) + "-" + std::to_string(rounds)))
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
    f().Tell(
        f().ScoreEvent("m" + std::to_string(i), Fixture::At(1, 7 + i), 4, ConversationScored::SOURCE_SELF));
  }
  EXPECT_EQ(f().Told("ben"), "") << "it is an offer";
  EXPECT_THAT(f().Due("ben"), ElementsAre("fleet SELF_SCORE value"));
  f().Practise("ben", Fixture::kIdle);
  EXPECT_THAT(f().Due("ben"), IsEmpty());
}

TEST_P(PracticeLoopTest, WhatIsOverIsDeleted) {
  f().Score("m1", Fixture::At(1, 9), 4);
  f().MoveTo(Fixture::At(1, 9) + changes::kKeepMeetings - absl::Microseconds(1));
  EXPECT_EQ(f().Count("practice_meetings"), 1);
  f().MoveTo(Fixture::At(1, 9) + changes::kKeepMeetings);
  EXPECT_EQ(f().Count("practice_meetings"), 0);
  EXPECT_EQ(f().Count("practice_low_scores"), 0);
}

TEST_P(PracticeLoopTest, WhatNamesNoMeetingOrHostIsParked) {
  auto event = f().NextOf("m1");
  Fixture::Describe(*event.mutable_appointment_set(), "Not A Principal", Fixture::At(3, 15),
                    Fixture::kSituation);
  f().Tell(event);
  EXPECT_EQ(f().Count("parked"), 1);
  EXPECT_EQ(f().Count("practice_meetings"), 0);
}

}  // namespace
}  // namespace finalmile::coaching
