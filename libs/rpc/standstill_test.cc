#include "libs/rpc/standstill.h"

#include "libs/rpc/testdata/server_fixture.h"
#include "libs/testing/manual_clock.h"

namespace finalmile::rpc {
namespace {

using absl::StatusCode;

constexpr absl::Duration kMoment = absl::Milliseconds(1);

TEST(StandstillTest, OnlyALongPauseIsOne) {
  for (const auto& [pause, stood_still] : {std::pair{Standstill::kLongestPause - kMoment, false},
                                           {Standstill::kLongestPause, false},
                                           {Standstill::kLongestPause + kMoment, true}}) {
    testing::ManualClock clock;
    Standstill standstill(clock);
    standstill.Run();
    clock.Advance(pause);
    EXPECT_EQ(standstill.MayBeLeftover(clock.Steady()), stood_still) << pause;
  }
}

TEST(StandstillTest, WhatArrivesForASecondMayHaveBeenSentDuringIt) {
  for (const bool step_is_first : {false, true}) {
    testing::ManualClock clock;
    Standstill standstill(clock);
    standstill.Run();
    clock.Advance(absl::Seconds(28));
    if (step_is_first) standstill.Run();
    EXPECT_TRUE(standstill.MayBeLeftover(clock.Steady()));
    clock.Advance(Standstill::kLeftovers - kMoment);
    EXPECT_TRUE(standstill.MayBeLeftover(clock.Steady()));
    clock.Advance(kMoment);
    EXPECT_FALSE(standstill.MayBeLeftover(clock.Steady()));
  }
}

TEST(StandstillTest, CallsAndTheStepAreSignsOfLife) {
  testing::ManualClock clock;
  Standstill standstill(clock);
  EXPECT_FALSE(standstill.MayBeLeftover(clock.Steady()));
  clock.Advance(absl::Minutes(1));
  EXPECT_FALSE(standstill.MayBeLeftover(clock.Steady())) << "its step has not run yet";
  absl::Duration due = standstill.Run();
  for (int i = 0; i < 20; ++i) {
    clock.Advance(due - clock.Steady());
    due = standstill.Run();
    EXPECT_FALSE(standstill.MayBeLeftover(clock.Steady()));
  }
  for (int i = 0; i < 20; ++i) {
    clock.Advance(Standstill::kLongestPause);
    EXPECT_FALSE(standstill.MayBeLeftover(clock.Steady()));
  }
}

// The system's clock, but that the process seems to have been stopped for a while.
class JumpingClock final : public Clock {
 public:
  explicit JumpingClock(Clock& clock) : clock_(clock) {}
  absl::Time Now() const override { return clock_.Now(); }
  absl::Duration Steady() const override { return clock_.Steady() + absl::Seconds(jumped_.load()); }
  std::unique_ptr<WaitEvent> NewWaitEvent() override { return clock_.NewWaitEvent(); }
  void Jump(int seconds) { jumped_ += seconds; }

 private:
  Clock& clock_;
  std::atomic<int> jumped_{0};
};

class ServerStandstillTest : public ServerTest {
 protected:
  ServerStandstillTest() { server_clock_ = &jumping_; }
  ~ServerStandstillTest() override { StopSteps(); }

  absl::Status Update(const CallOptions& options) {
    pb::UpdateThingRequest request;
    request.mutable_thing()->set_name("x");
    return channel_->Call<pb::Thing>(kUpdateThing, request, options).status();
  }

  JumpingClock jumping_{*clock_};
};

TEST_F(ServerStandstillTest, AMutationThatWasUnderWayIsRefused) {
  absl::Status before, after;
  echo_.update = [&](CallContext& context) {
    before = context.Check();
    jumping_.Jump(28);
    after = context.Check();
    return after;
  };
  Start();
  for (Step* step : server_->steps()) step->Run();
  EXPECT_EQ(ReasonOf(Update({.timeout = absl::Minutes(1), .retry = false})), "STOOD_STILL");
  EXPECT_EQ(before, absl::OkStatus());
  EXPECT_EQ(ReasonOf(after), "STOOD_STILL");
}

TEST_F(ServerStandstillTest, AMutationIsRefusedAfterAStandstillAndARepeatIsServed) {
  Start();
  for (Step* step : server_->steps()) step->Run();
  EXPECT_EQ(Update({.retry = false}), absl::OkStatus());
  jumping_.Jump(28);
  const absl::Status refused = Update({.retry = false});
  EXPECT_EQ(refused.code(), StatusCode::kUnavailable);
  EXPECT_EQ(ReasonOf(refused), "STOOD_STILL");
  EXPECT_EQ(Say(SayOf("x"), {.retry = false}).status(), absl::OkStatus()) << "a read does no harm";
  EXPECT_EQ(echo_.updates, 1);
  EXPECT_EQ(Update({}), absl::OkStatus());
  EXPECT_EQ(echo_.updates, 2);
}

}  // namespace
}  // namespace finalmile::rpc
