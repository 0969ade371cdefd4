#include "libs/app/readiness.h"

#include <gtest/gtest.h>

#include <string>

#include "libs/testing/logs.h"
#include "libs/testing/manual_clock.h"

namespace finalmile::app {
namespace {

// A wait that lasts no time: the clock moves to its end.
class Stop final : public WaitEvent {
 public:
  explicit Stop(testing::ManualClock& clock) : clock_(clock) {}
  void Set() override { set_ = true; }
  void Clear() override { set_ = false; }
  bool WaitUntil(absl::Duration deadline) override {
    ++waits;
    if (!set_) clock_.Advance(deadline - clock_.Steady());
    return set_;
  }

  int waits = 0;

 private:
  testing::ManualClock& clock_;
  bool set_ = false;
};

class ReadinessTest : public ::testing::Test {
 protected:
  testing::ManualClock clock_;
  const std::unique_ptr<Rng> rng_ = NewSeededRng(1);
  testing::CapturingLog log_;
  Stop stop_{clock_};
};

TEST_F(ReadinessTest, WaitsForWhatMayComeAndSaysWhy) {
  Readiness readiness(log_, clock_, *rng_, absl::InfiniteDuration(), &stop_);
  EXPECT_EQ(readiness.Check().message(), "starting");
  int tries = 0;
  const absl::Status done = readiness.Await("the store of leads", [&]() -> absl::Status {
    if (++tries == 1) return absl::UnavailableError("connection refused");
    EXPECT_EQ(readiness.Check().message(), tries == 2
                                               ? "waiting for the store of leads: connection refused"
                                               : "waiting for the store of leads: run `finalmile migrate`");
    if (tries == 2) return absl::UnavailableError("run `finalmile migrate`");
    return tries == 3 ? absl::DeadlineExceededError("run `finalmile migrate`") : absl::OkStatus();
  });
  EXPECT_EQ(done, absl::OkStatus());
  EXPECT_EQ(tries, 4);
  EXPECT_EQ(stop_.waits, 3);
  EXPECT_EQ(log_.Count(Severity::kWarning, "is away"), 1);
  EXPECT_EQ(log_.Count(Severity::kInfo, "what was away is back"), 1);
  readiness.Set("");
  EXPECT_EQ(readiness.Check(), absl::OkStatus());
}

TEST_F(ReadinessTest, SaysSoOnceAMinute) {
  Readiness readiness(log_, clock_, *rng_, absl::Minutes(10), &stop_);
  const absl::Duration start = clock_.Steady();
  EXPECT_EQ(readiness.Await("the store", [] { return absl::UnavailableError("away"); }).message(), "away");
  EXPECT_EQ(clock_.Steady() - start, absl::Minutes(10)) << "the patience";
  EXPECT_GE(log_.Count(Severity::kWarning, "is away"), 9);
  EXPECT_LE(log_.Count(Severity::kWarning, "is away"), 10);
  EXPECT_GT(stop_.waits, 100) << "it tries every few seconds";
}

TEST_F(ReadinessTest, WhatWaitingDoesNotMendIsReturnedAtOnce) {
  Readiness readiness(log_, clock_, *rng_, absl::InfiniteDuration(), &stop_);
  for (const absl::Status& status :
       {absl::FailedPreconditionError("another service's"), absl::InvalidArgumentError("no address")}) {
    EXPECT_EQ(readiness.Await("the store", [&] { return status; }), status);
  }
  EXPECT_EQ(stop_.waits, 0);
  EXPECT_EQ(log_.Count(Severity::kInfo, ""), 0);
}

TEST_F(ReadinessTest, WithoutPatienceItTriesOnce) {
  Readiness readiness(log_, clock_, *rng_, absl::ZeroDuration(), nullptr);
  int tries = 0;
  EXPECT_EQ(readiness.Await("the store", [&] { return ++tries, absl::UnavailableError("away"); }).message(),
            "away");
  EXPECT_EQ(tries, 1);
}

TEST_F(ReadinessTest, AWaitCanBeStopped) {
  Readiness readiness(log_, clock_, *rng_, absl::InfiniteDuration(), &stop_);
  stop_.Set();
  const absl::Status stopped = readiness.Await("the store", [] { return absl::UnavailableError("away"); });
  EXPECT_EQ(stopped.code(), absl::StatusCode::kCancelled);
}

}  // namespace
}  // namespace finalmile::app
