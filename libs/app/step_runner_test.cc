#include "libs/app/step_runner.h"

#include <gtest/gtest.h>

#include <functional>
#include <future>
#include <stdexcept>

namespace finalmile::app {
namespace {

class NoLog final : public Log {
 public:
  void Write(Severity, std::string_view, std::initializer_list<LogField>) override {}
};

// The machine's clock, moved forward by hand.
class ShiftedClock final : public Clock {
 public:
  absl::Time Now() const override { return real_->Now() + Shift(); }
  absl::Duration Steady() const override { return real_->Steady() + Shift(); }
  std::unique_ptr<WaitEvent> NewWaitEvent() override { return real_->NewWaitEvent(); }
  void Advance(absl::Duration by) { shift_seconds_ += absl::ToInt64Seconds(by); }

 private:
  absl::Duration Shift() const { return absl::Seconds(shift_seconds_.load()); }
  const std::unique_ptr<Clock> real_ = NewSystemClock();
  std::atomic<int64_t> shift_seconds_ = 0;
};

class TestStep final : public Step {
 public:
  TestStep(Clock& clock, std::function<absl::Duration(int run)> run)
      : wake_(clock.NewWaitEvent()), run_(std::move(run)) {}
  std::string_view name() const override { return "test.step"; }
  absl::Duration Run() override { return run_(++runs_); }
  WaitEvent& wake() override { return *wake_; }
  int runs() const { return runs_; }

 private:
  const std::unique_ptr<WaitEvent> wake_;
  const std::function<absl::Duration(int)> run_;
  std::atomic<int> runs_ = 0;
};

class StepRunnerTest : public ::testing::Test {
 protected:
  double Count(std::string_view name) { return metrics_.Counter(name, "", {{"step", "test.step"}}).value(); }

  ShiftedClock clock_;
  NoLog log_;
  telemetry::Metrics metrics_;
  std::promise<void> done_;
};

TEST_F(StepRunnerTest, RunsAgainAtOnceThenOnlyWhenWoken) {
  std::promise<void> slept;
  TestStep step(clock_, [&](int run) {
    if (run == 3) slept.set_value();
    if (run == 4) done_.set_value();
    return run < 3 ? absl::ZeroDuration() : absl::InfiniteDuration();
  });
  StepRunner runner(clock_, log_, metrics_);
  runner.Add(step);
  slept.get_future().wait();
  EXPECT_EQ(step.runs(), 3);
  step.wake().Set();
  done_.get_future().wait();
  runner.Stop();
  EXPECT_EQ(step.runs(), 4);
  EXPECT_EQ(Count("finalmile_step_runs_total"), 4);
  EXPECT_EQ(Count("finalmile_step_failures_total"), 0);
  EXPECT_NE(metrics_.Serialize().find("finalmile_step_seconds_count{step=\"test.step\"} 4\n"),
            std::string::npos);
}

TEST_F(StepRunnerTest, WaitsUntilTheReturnedTime) {
  TestStep step(clock_, [&](int run) {
    if (run == 1) return clock_.Steady() + absl::Milliseconds(20);
    done_.set_value();
    return absl::InfiniteDuration();
  });
  const absl::Duration start = clock_.Steady();
  StepRunner runner(clock_, log_, metrics_);
  runner.Add(step);
  done_.get_future().wait();
  EXPECT_GE(clock_.Steady() - start, absl::Milliseconds(20));
}

TEST_F(StepRunnerTest, StopEndsASleepingAndARunningStep) {
  TestStep asleep(clock_, [](int) { return absl::InfiniteDuration(); });
  std::promise<void> started;
  std::function<void()> until_told;
  TestStep busy(clock_, [&](int) {
    started.set_value();
    until_told();
    return absl::ZeroDuration();
  });
  // Stop sets the wake of a step.
  until_told = [&busy] { busy.wake().WaitUntil(absl::InfiniteDuration()); };
  StepRunner runner(clock_, log_, metrics_);
  runner.Add(asleep);
  runner.Add(busy);
  started.get_future().wait();
  runner.Stop();
  EXPECT_EQ(busy.runs(), 1);
  EXPECT_LE(asleep.runs(), 1);
}

TEST_F(StepRunnerTest, AnExceptionIsContainedAndTriedAgain) {
  std::function<void()> wake;
  TestStep step(clock_, [&](int run) -> absl::Duration {
    if (run == 1) {
      // Ends the pause early.
      wake();
      throw std::runtime_error("broken");
    }
    done_.set_value();
    return absl::InfiniteDuration();
  });
  wake = [&step] { step.wake().Set(); };
  StepRunner runner(clock_, log_, metrics_);
  runner.Add(step);
  done_.get_future().wait();
  runner.Stop();
  EXPECT_EQ(step.runs(), 2);
  EXPECT_EQ(Count("finalmile_step_failures_total"), 1);
}

TEST_F(StepRunnerTest, AStuckStepIsNamed) {
  std::promise<void> started;
  std::promise<void> go;
  TestStep step(clock_, [&](int) {
    started.set_value();
    go.get_future().wait();
    done_.set_value();
    return absl::InfiniteDuration();
  });
  StepRunner runner(clock_, log_, metrics_);
  EXPECT_TRUE(runner.CheckProgress(absl::Seconds(60)).ok());
  runner.Add(step);
  started.get_future().wait();
  EXPECT_TRUE(runner.CheckProgress(absl::Seconds(60)).ok());
  clock_.Advance(absl::Seconds(61));
  const absl::Status stuck = runner.CheckProgress(absl::Seconds(60));
  EXPECT_EQ(stuck.code(), absl::StatusCode::kUnavailable);
  EXPECT_TRUE(std::string(stuck.message()).starts_with("step test.step has been running for 1m")) << stuck;
  go.set_value();
  runner.Stop();
  EXPECT_TRUE(runner.CheckProgress(absl::Seconds(60)).ok());
}

}  // namespace
}  // namespace finalmile::app
