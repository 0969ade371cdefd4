#include <fmt/format.h>
#include <gmock/gmock.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <thread>

#include "services/coaching/practice_fixture.h"

// Reps and coaches who all write at once.
namespace finalmile::coaching {
namespace {

constexpr int kClients = 16;
constexpr int kDays = 4;

class PracticeContentionTest : public PracticeTest {
 protected:
  // Runs `client` for each of them at once. The service's clock goes on meanwhile: what met a conflict tries
  // again later.
  void RunAll(const std::function<void(int)>& client) {
    const std::unique_ptr<Clock> real = NewSystemClock();
    const std::unique_ptr<WaitEvent> done = real->NewWaitEvent();
    std::atomic<int> running = kClients;
    std::vector<std::thread> threads;
    for (int i = 0; i < kClients; ++i) {
      threads.emplace_back([&, i] {
        client(i);
        if (--running == 0) done->Set();
      });
    }
    for (absl::Duration last = real->Steady(); !done->WaitUntil(last + absl::Milliseconds(1));) {
      const absl::Duration now = real->Steady();
      harness_->clock().Advance(now - last);
      last = now;
    }
    for (std::thread& thread : threads) thread.join();
  }
};
FINALMILE_ON_BOTH_ENGINES(PracticeContentionTest);

TEST_P(PracticeContentionTest, NothingIsLostAndNothingEmittedTwice) {
  MoveTo(At(10, 10));
  const std::vector<std::string> reps = {"ana", "ben"};
  // Channels are made before the threads are.
  for (const std::string& name : {reps[0], reps[1], std::string("cora"), std::string("coco")}) As(name);
  std::atomic<int> failed = 0;
  RunAll([&](int client) {
    const std::string& rep = reps[static_cast<size_t>(client) % reps.size()];
    for (int day = 0; day < kDays; ++day) {
      v1::SubmitPracticeRequest request = Attempt(kIdle);
      request.set_request_id(fmt::format("{}-{}", client, day));
      *request.mutable_practice()->mutable_practice_time() =
          rpc::ToTimestamp(At(1 + day, 10) + absl::Seconds(client));
      const auto submitted = Submit(rep, request);
      if (!submitted.ok()) {
        ++failed;
        ADD_FAILURE() << submitted.status();
        continue;
      }
      // Two coaches on every practice of the second day.
      if (day != 1) continue;
      for (const char* coach : {"cora", "coco"}) {
        const auto reviewed = Review(coach, submitted->practice().name(), 3);
        if (!reviewed.ok()) ++failed;
        EXPECT_TRUE(reviewed.ok()) << reviewed.status();
      }
    }
  });
  ASSERT_EQ(failed, 0);
  EXPECT_EQ(Count("practices WHERE state <> 1"), kClients * kDays);
  EXPECT_EQ(Count("practices WHERE state = 3"), kClients);
  for (const std::string& rep : reps) {
    const std::vector<v1::CoachingEvent> events = RepEvents(rep);
    const auto count = [&](v1::CoachingEvent::EventCase kind) {
      return std::count_if(events.begin(), events.end(),
                           [&](const v1::CoachingEvent& event) { return event.event_case() == kind; });
    };
    EXPECT_EQ(count(v1::CoachingEvent::kPracticeSubmitted), kClients / 2 * kDays);
    EXPECT_EQ(count(v1::CoachingEvent::kPracticeReviewed), kClients / 2 * 2);
    EXPECT_EQ(count(v1::CoachingEvent::kTalkTrackMastered), 1);
    EXPECT_EQ(count(v1::CoachingEvent::kCertificateIssued), 1);
    EXPECT_EQ(MasteryOf(rep).state(), v1::Mastery::STATE_MASTERED);
  }
}

// Row F29 of the fault table.
TEST_P(PracticeContentionTest, OneRequestIdManyAtOnceHasOneEffect) {
  As("kim");
  v1::SubmitPracticeRequest request = Attempt(kIdle);
  request.set_request_id("once");
  std::vector<std::string> answers(kClients);
  RunAll([&](int client) {
    const auto submitted = Submit("kim", request);
    answers[static_cast<size_t>(client)] =
        submitted.ok() ? submitted->SerializeAsString() : submitted.status().ToString();
  });
  for (const std::string& answer : answers) EXPECT_EQ(answer, answers[0]);
  EXPECT_EQ(Count("practices"), 1);
  EXPECT_EQ(Emitted("kim"), "submitted");
}

TEST_P(PracticeContentionTest, MeetingsAreSetWhileTheirTrackIsPublished) {
  As("cora");
  for (int round = 0; round < 4; ++round) {
    const std::string name = fmt::format("track-{}", round);
    v1::TalkTrack track = Whole();
    track.set_situation(name);
    const auto created = Create(track, name);
    ASSERT_TRUE(created.ok()) << created.status();
    ASSERT_TRUE(Add(created->name(), Staged()).ok());
    for (int host = 0; host < kClients; ++host) {
      auto event = NextOfMeeting(fmt::format("{}-{}", round, host));
      Describe(*event.mutable_appointment_set(), fmt::format("host{}-{}", round, host), At(20, 15), name);
      Append(outbox::ToMessage(outbox::ToOutbox(event)));
    }
    RunAll([&](int client) {
      if (client == round) {
        EXPECT_TRUE(Publish(created->name()).ok());
      }
    });
    harness_->Settle();
    for (int host = 0; host < kClients; ++host)
      EXPECT_EQ(Emitted(fmt::format("host{}-{}", round, host)), "assigned REHEARSAL") << name;
  }
}

}  // namespace
}  // namespace finalmile::coaching
