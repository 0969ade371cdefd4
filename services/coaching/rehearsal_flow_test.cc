#include <gmock/gmock.h>

#include <algorithm>
#include <functional>

#include "services/coaching/changes/meeting_changes.h"
#include "services/coaching/practice_fixture.h"

// Whoever meets a guest in a situation that has a track, and has not mastered it, rehearses before: whatever
// comes first, the meeting, the track or the lapse.
namespace finalmile::coaching {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class RehearsalFlowTest : public PracticeTest {
 protected:
  static constexpr char kOther[] = "giant-bought-rival";

  v1::PracticeAssigned LastAssigned(const std::string& rep) {
    v1::PracticeAssigned last;
    for (const v1::CoachingEvent& event : RepEvents(rep)) {
      if (event.has_practice_assigned()) last = event.practice_assigned();
    }
    return last;
  }
  void Cancel(const std::string& meeting, const std::string& host, absl::Time start,
              const std::string& situation = kSituation) {
    auto event = NextOfMeeting(meeting);
    Describe(*event.mutable_appointment_cancelled(), host, start, situation);
    Tell(event);
  }
  // From now on the track is for this situation.
  void MoveTrack(const std::string& id, const std::string& situation) {
    v1::TalkTrack track;
    track.set_name("talkTracks/" + id);
    track.set_situation(situation);
    EXPECT_TRUE(Update(track, {"situation"}).ok());
    Republish(id, false);
  }
};
FINALMILE_ON_BOTH_ENGINES(RehearsalFlowTest);

TEST_P(RehearsalFlowTest, MasteryIsForgottenAfterTheMeetingWasSet) {
  Master("kim");
  const absl::Time lapse = rpc::FromTimestamp(MasteryOf("kim").lapse_time());
  // Meetings begin on a full minute.
  const absl::Time start = absl::FromUnixSeconds(absl::ToUnixSeconds(lapse) / 60 * 60) + absl::Hours(24);
  Set("m1", "kim", start);
  // Before the lapse there is nothing to rehearse for this one.
  Set("m2", "kim", lapse - absl::Hours(1));
  const std::string before = Emitted("kim");
  MoveTo(lapse - absl::Seconds(1));
  EXPECT_THAT(Due("kim"), ElementsAre("fleet REHEARSAL"));
  MoveTo(lapse + absl::Seconds(1));
  EXPECT_EQ(Emitted("kim"), before + ", rehearsal, lapsed FORGOTTEN, assigned REHEARSAL");
  EXPECT_THAT(Due("kim"), ElementsAre("fleet MEETING"));
  const v1::PracticeAssigned assigned = LastAssigned("kim");
  EXPECT_THAT(assigned.appointments(), ElementsAre(Meeting("m1")));
  EXPECT_EQ(rpc::FromTimestamp(assigned.due_time()), start - kRehearsedBefore);
  EXPECT_EQ(assigned.by(), "coaching.appointments");
  Practise("kim", kIdle);
  EXPECT_THAT(Due("kim"), IsEmpty());
  MoveTo(start);
  EXPECT_EQ(Count("practice_assignments"), 1) << "it is assigned once";
}

TEST_P(RehearsalFlowTest, MasteryIsCorrectedAfterTheMeetingWasSet) {
  const std::vector<std::string> practices = Master("kim");
  Set("m1", "kim", At(8, 15));
  const std::string before = Emitted("kim");
  ASSERT_TRUE(Review("coco", practices[2], 2).ok());
  EXPECT_EQ(Emitted("kim"), before + ", reviewed, lapsed CORRECTED, assigned REHEARSAL");
  EXPECT_THAT(Due("kim"), ElementsAre("fleet MEETING"));
  // The coach thinks again, and again.
  ASSERT_TRUE(Review("coco", practices[2], 3).ok());
  EXPECT_THAT(Due("kim"), IsEmpty()) << "who has mastered the situation rehearses nothing";
  ASSERT_TRUE(Review("coco", practices[2], 2).ok());
  EXPECT_THAT(Due("kim"), ElementsAre("fleet MEETING"));
  EXPECT_EQ(Count("practice_assignments"), 1) << "one for one meeting";
}

TEST_P(RehearsalFlowTest, AVersionThatAsksForMasteryAnewComesAfterTheMeeting) {
  Master("kim");
  Set("m1", "kim", At(8, 15));
  Change("fleet", "Fleet, better told", false);
  EXPECT_THAT(Due("kim"), IsEmpty());
  Change("fleet", "Fleet, anew", true);
  EXPECT_THAT(Due("kim"), ElementsAre("fleet MEETING"));
}

TEST_P(RehearsalFlowTest, TheTrackIsPublishedAfterTheMeetingWasSet) {
  Set("m1", "ben", At(3, 15), kOther);
  Set("m2", "ana", At(4, 15), kOther);
  Set("m3", "kim", At(4, 16), "no-track-for-it");
  Set("over", "tess", At(1, 11), kOther);
  MoveTo(At(1, 12));
  EXPECT_THAT(Due("ben"), IsEmpty());
  PublishTrack("giant", kOther);
  harness_->Settle();
  EXPECT_THAT(Due("ben"), ElementsAre("giant MEETING"));
  EXPECT_EQ(rpc::FromTimestamp(LastAssigned("ben").due_time()), At(3, 14, 30));
  EXPECT_THAT(Due("ana"), ElementsAre("giant MEETING"));
  EXPECT_THAT(Due("kim"), IsEmpty());
  EXPECT_THAT(Due("tess"), IsEmpty()) << "it began before";
  Republish("giant", false);
  Restart();
  harness_->Settle();
  EXPECT_EQ(Emitted("ben"), "assigned REHEARSAL");
}

TEST_P(RehearsalFlowTest, ATrackMovesToAnotherSituation) {
  Set("m1", "kim", At(3, 15));
  Set("m2", "ben", At(3, 16), kOther);
  EXPECT_THAT(Due("kim"), ElementsAre("fleet MEETING"));
  MoveTrack("fleet", kOther);
  EXPECT_THAT(Due("kim"), IsEmpty());
  EXPECT_THAT(Due("ben"), ElementsAre("fleet MEETING"));
  // And another takes its place.
  PublishTrack("giant", kSituation);
  harness_->Settle();
  EXPECT_THAT(Due("kim"), ElementsAre("giant MEETING"));
}

TEST_P(RehearsalFlowTest, AMeetingThatIsOverNeedsNoRehearsal) {
  Set("cancelled", "ben", At(3, 15), kOther);
  Set("held", "ana", At(1, 11), kOther);
  PublishTrack("giant", kOther);
  harness_->Settle();
  EXPECT_THAT(Due("ben"), ElementsAre("giant MEETING"));
  EXPECT_THAT(Due("ana"), ElementsAre("giant MEETING"));
  Cancel("cancelled", "ben", At(3, 15), kOther);
  MoveTo(At(1, 12));
  EXPECT_THAT(Due("ana"), ElementsAre("giant MEETING")) << "overdue, until its outcome is known";
  Hold("held", "ana", At(1, 11), kOther);
  EXPECT_THAT(Due("ben"), IsEmpty());
  EXPECT_THAT(Due("ana"), IsEmpty());
  EXPECT_EQ(Count("practice_assignments WHERE state = 4"), 2);
  // Cancelled before the track was published, or before the lapse.
  Set("early", "tess", At(3, 15), "third");
  Cancel("early", "tess", At(3, 15), "third");
  PublishTrack("third", "third");
  harness_->Settle();
  EXPECT_EQ(Emitted("tess"), "");
}

TEST_P(RehearsalFlowTest, AMeetingThatWasCancelledBeforeTheLapseNeedsNoRehearsal) {
  Master("kim");
  Set("m1", "kim", At(20, 15));
  Cancel("m1", "kim", At(20, 15));
  Change("fleet", "Fleet, anew", true);
  EXPECT_THAT(Due("kim"), IsEmpty());
}

TEST_P(RehearsalFlowTest, NobodySaysWhatBecameOfTheMeeting) {
  Set("m1", "kim", At(3, 15));
  MoveTo(At(3, 15) + changes::kKeepMeetings - absl::Microseconds(1));
  EXPECT_THAT(Due("kim"), ElementsAre("fleet MEETING"));
  MoveTo(At(3, 15) + changes::kKeepMeetings);
  EXPECT_EQ(Count("practice_meetings"), 0);
  EXPECT_THAT(Due("kim"), IsEmpty());
}

TEST_P(RehearsalFlowTest, TheSameInEveryOrder) {
  // A meeting of a rep who has practised on three days, a second track, and the coach's review, after which
  // the track is mastered or is not.
  for (const int level : {3, 1}) {
    std::vector<int> order = {0, 1, 2};
    int round = 0;
    do {
      const std::string name = std::to_string(level) + std::to_string(round++);
      const std::string rep = "rep" + name;
      const std::string situation = "situation-" + name;
      const std::string track = "track-" + name;
      MoveTo(std::max(harness_->clock().Now(), At(4, 10)));
      PublishTrack(track, situation);
      std::vector<std::string> practices;
      for (int day = 1; day <= 3; ++day) {
        v1::SubmitPracticeRequest request = Attempt(kIdle, track);
        *request.mutable_practice()->mutable_practice_time() = rpc::ToTimestamp(At(day, 10));
        const auto submitted = Submit(rep, request);
        ASSERT_TRUE(submitted.ok()) << submitted.status();
        practices.push_back(submitted->practice().name());
      }
      const std::vector<std::function<void()>> steps = {
          [&] { Set("m" + name, rep, At(8, 15), situation); },
          [&] {
            PublishTrack("z" + track, situation);
            harness_->Settle();
          },
          [&] { EXPECT_TRUE(Review("cora", practices[1], level).ok()); },
      };
      for (const int step : order) steps[static_cast<size_t>(step)]();
      EXPECT_THAT(Due(rep), SizeIs(level == 3 ? 0 : 1)) << ::testing::PrintToString(order);
      if (level == 1) {
        EXPECT_THAT(Due(rep), ElementsAre(track + " MEETING"));
      }
    } while (std::next_permutation(order.begin(), order.end()));
  }
}

}  // namespace
}  // namespace finalmile::coaching
