#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "finalmile/coaching/v1/coaching_event.pb.h"
#include "libs/testing/postgres_server.h"
#include "services/appointments/meetings_fixture.h"

// What coaching says of talk tracks and mastery weighs in the routing of meetings, on both engines. Of each
// pair of hosts, a has mastered the situation and b has not, so that a gets two meetings for each one of b.
namespace finalmile::appointments {
namespace {

using coaching::v1::CoachingEvent;

// By Sainte-Laguë, for weights of 1 and 1/2, and for two alike.
constexpr char kWeighed[] = "abaa";
constexpr char kNeutral[] = "abab";

class MasteryTest : public MeetingsTest, public ::testing::WithParamInterface<storage::Engine> {
 protected:
  MasteryTest() : MeetingsTest(StoreUrl()) {}
  void SetUp() override {
    if (GetParam() == storage::Engine::kPostgres) FINALMILE_NEEDS_POSTGRES(testing::SharedPostgres());
  }

  CoachingEvent Event(const std::string& key) {
    const outbox::Cause cause;
    return outbox::NewEvent<CoachingEvent>({harness_.clock(), harness_.rng(), harness_.clock().Now(), cause},
                                           key, ++seqs_[key]);
  }
  CoachingEvent Published(const std::string& track, const std::string& situation, int64_t version = 1,
                          bool recertify = true) {
    CoachingEvent event = Event("talkTracks/" + track);
    event.mutable_talk_track_published()->set_version(version);
    event.mutable_talk_track_published()->set_situation(situation);
    event.mutable_talk_track_published()->set_recertify(recertify);
    return event;
  }
  CoachingEvent Mastered(const std::string& rep, const std::string& track, int64_t version = 1) {
    CoachingEvent event = Event("reps/" + rep);
    event.mutable_talk_track_mastered()->set_talk_track("talkTracks/" + track);
    event.mutable_talk_track_mastered()->set_version(version);
    return event;
  }
  CoachingEvent Lapsed(const std::string& rep, const std::string& track) {
    CoachingEvent event = Event("reps/" + rep);
    event.mutable_mastery_lapsed()->set_talk_track("talkTracks/" + track);
    return event;
  }
  // Says all of it at once, which is one batch where the keys share a partition.
  void Say(const std::vector<CoachingEvent>& events) {
    std::vector<events::Message> messages;
    for (const CoachingEvent& event : events) messages.push_back(outbox::ToMessage(outbox::ToOutbox(event)));
    ASSERT_EQ(harness_.events().Append(messages, harness_.clock().Steady() + absl::Seconds(5)),
              absl::OkStatus());
    harness_.Settle();
  }

  // Makes the hosts a and b of a pair, who have no meetings yet.
  void MakePair(const std::string& pair) {
    for (const char* host : {"a", "b"}) MakeHost(host + pair);
  }
  // Whose turn it is, four times in the situation. The pair takes no more turns then.
  std::string TurnsOf(const std::string& pair, const std::string& situation) {
    std::string turns = Turns(At(3, 9), 4, situation);
    for (const char* host : {"a", "b"})
      ChangeHost(host + pair, "active", [](v1::Host& one) { one.set_active(false); });
    return turns;
  }
  std::string TurnsOfNew(const std::string& pair, const std::string& situation) {
    MakePair(pair);
    return TurnsOf(pair, situation);
  }

 private:
  static std::string StoreUrl() {
    if (GetParam() != storage::Engine::kPostgres || !testing::SharedPostgres().ok()) return {};
    const auto name = (*testing::SharedPostgres())->CreateDatabase();
    EXPECT_TRUE(name.ok()) << name.status();
    return name.ok() ? (*testing::SharedPostgres())->url(*name) : std::string();
  }

  std::map<std::string, int64_t> seqs_;
};

INSTANTIATE_TEST_SUITE_P(Engines, MasteryTest,
                         ::testing::Values(storage::Engine::kSqlite, storage::Engine::kPostgres),
                         [](const auto& info) {
                           return info.param == storage::Engine::kSqlite ? "Sqlite" : "Postgres";
                         });

TEST_P(MasteryTest, TheWeightIsRightInEveryOrder) {
  enum Step { kPublished, kMasteredByA, kMasteredByB, kLapsedOfB, kHosts };
  std::vector<Step> order = {kPublished, kMasteredByA, kMasteredByB, kLapsedOfB, kHosts};
  int orders = 0;
  do {
    // The two events have one key, and so one order.
    if (std::find(order.begin(), order.end(), kMasteredByB) >
        std::find(order.begin(), order.end(), kLapsedOfB))
      continue;
    const std::string pair = std::to_string(orders++);
    const std::string track = "track" + pair;
    const std::string situation = "situation" + pair;
    for (const Step step : order) {
      if (step == kPublished) Say({Published(track, situation)});
      if (step == kMasteredByA) Say({Mastered("a" + pair, track)});
      if (step == kMasteredByB) Say({Mastered("b" + pair, track)});
      if (step == kLapsedOfB) Say({Lapsed("b" + pair, track)});
      if (step == kHosts) MakePair(pair);
    }
    EXPECT_EQ(TurnsOf(pair, situation), kWeighed) << ::testing::PrintToString(order);
  } while (std::next_permutation(order.begin(), order.end()));
  EXPECT_EQ(orders, 60);
}

TEST_P(MasteryTest, ASituationWithoutAPublishedTrackIsNeutral) {
  Say({Mastered("a1", "fleet"), Mastered("a2", "fleet"), Mastered("a3", "fleet")});
  EXPECT_EQ(TurnsOfNew("1", "new-fleet-manager"), kNeutral);
  Say({Published("fleet", "new-fleet-manager")});
  EXPECT_EQ(TurnsOfNew("2", "giant-bought-rival"), kNeutral);
  EXPECT_EQ(TurnsOfNew("3", ""), kNeutral) << "no situation";
}

TEST_P(MasteryTest, AllHalveAlike) {
  Say({Published("fleet", "new-fleet-manager")});
  EXPECT_EQ(TurnsOfNew("1", "new-fleet-manager"), kNeutral) << "nobody has mastered it";
  Say({Mastered("a2", "fleet"), Mastered("b2", "fleet")});
  EXPECT_EQ(TurnsOfNew("2", "new-fleet-manager"), kNeutral) << "everybody has";
}

TEST_P(MasteryTest, ANewVersionThatAsksForMasteryHalvesAllAtOnce) {
  Say({Published("fleet", "new-fleet-manager")});
  for (const char* rep : {"a1", "a2", "a3"}) Say({Mastered(rep, "fleet")});
  Say({Published("fleet", "new-fleet-manager", 2, false)});
  EXPECT_EQ(TurnsOfNew("1", "new-fleet-manager"), kWeighed) << "earlier versions still count";
  // No lapse has come yet.
  Say({Published("fleet", "new-fleet-manager", 3)});
  EXPECT_EQ(TurnsOfNew("2", "new-fleet-manager"), kNeutral);
  Say({Lapsed("a3", "fleet"), Mastered("a3", "fleet", 3)});
  EXPECT_EQ(TurnsOfNew("3", "new-fleet-manager"), kWeighed);
}

TEST_P(MasteryTest, OneOfTheTracksOfASituationIsEnough) {
  Say({Published("fleet", "new-fleet-manager"), Published("truck", "new-fleet-manager")});
  Say({Mastered("a1", "truck"), Mastered("a2", "truck")});
  EXPECT_EQ(TurnsOfNew("1", "new-fleet-manager"), kWeighed);
  // The track is for another situation now.
  Say({Published("truck", "giant-bought-rival", 2, false)});
  EXPECT_EQ(TurnsOfNew("2", "new-fleet-manager"), kNeutral);
}

TEST_P(MasteryTest, AMeetingThatMovesIsWeighedByItsSituation) {
  Say({Published("fleet", "new-fleet-manager"), Mastered("c", "fleet")});
  for (const char* host : {"a", "b", "c"}) MakeHost(host);
  const auto booked = Book("lee", At(3, 9), {.host = "a", .situation = "new-fleet-manager"});
  ASSERT_TRUE(booked.ok()) << booked.status();
  // Its host is taken by then, and of the other two b comes first by name, c by mastery.
  MustBook("kay", At(4, 9), "a");
  const auto moved = Move(booked->name(), At(4, 9));
  ASSERT_TRUE(moved.ok()) << moved.status();
  EXPECT_EQ(moved->host(), "hosts/c");
}

TEST_P(MasteryTest, WhatComesAgainChangesNothing) {
  const CoachingEvent mastered = Mastered("a1", "fleet");
  Say({Published("fleet", "new-fleet-manager"), mastered, Lapsed("a1", "fleet")});
  EXPECT_EQ(Count("mastery"), 0) << "a batch leaves what it says last";
  Say({mastered});
  EXPECT_EQ(Count("mastery"), 0);
  EXPECT_EQ(Count("talk_tracks"), 1);
}

TEST_P(MasteryTest, WhatNamesNoTrackOrRepIsParked) {
  Say({Mastered("a1", "No track"), Lapsed("Ben B", "fleet"), Published("No track", "new-fleet-manager")});
  EXPECT_EQ(Count("parked"), 3);
  EXPECT_EQ(Count("mastery"), 0);
  EXPECT_EQ(Count("talk_tracks"), 0);
}

}  // namespace
}  // namespace finalmile::appointments
