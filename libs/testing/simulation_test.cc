#include "libs/testing/simulation.h"

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace finalmile::testing {
namespace {

std::vector<std::string> Interleaving(uint64_t seed, uint64_t* hash = nullptr) {
  Simulation simulation(seed, {});
  std::vector<std::string> order;
  for (const char* name : {"a", "b", "c"}) {
    simulation.Spawn(name, [&, name] {
      for (int i = 0; i < 4; ++i) {
        simulation.Point(name);
        order.emplace_back(name);
        if (i == 2) simulation.Sleep(absl::Milliseconds(simulation.rng().Below(5)));
      }
    });
  }
  simulation.JoinAll();
  if (hash != nullptr) *hash = simulation.trace_hash();
  return order;
}

TEST(Simulation, ASeedDecidesTheOrder) {
  std::set<std::vector<std::string>> orders;
  for (uint64_t seed = 0; seed < 50; ++seed) {
    uint64_t first = 0;
    uint64_t second = 0;
    const auto order = Interleaving(seed, &first);
    EXPECT_EQ(order, Interleaving(seed, &second));
    EXPECT_EQ(first, second);
    EXPECT_EQ(order.size(), 12u);
    orders.insert(order);
  }
  EXPECT_GT(orders.size(), 25u);
}

TEST(Simulation, TimeJumpsToTheNextDeadline) {
  Simulation simulation(1, {});
  std::vector<int> order;
  for (const int hours : {3, 1, 2}) {
    simulation.Spawn("sleeper", [&, hours] {
      simulation.Sleep(absl::Hours(hours));
      order.push_back(hours);
    });
  }
  const absl::Duration start = simulation.clock().Steady();
  simulation.JoinAll();
  EXPECT_EQ(order, (std::vector<int>{1, 2, 3}));
  EXPECT_GE(simulation.clock().Steady() - start, absl::Hours(3));
  EXPECT_LT(simulation.clock().Steady() - start, absl::Hours(3) + absl::Minutes(1));
}

TEST(Simulation, AnEventWakesItsWaiters) {
  Simulation simulation(1, {});
  const auto event = simulation.clock().NewWaitEvent();
  bool woken = false;
  simulation.Spawn("waiter", [&] { woken = event->WaitUntil(absl::InfiniteDuration()); });
  simulation.Sleep(absl::Seconds(1));
  EXPECT_FALSE(woken);
  event->Set();
  simulation.JoinAll();
  EXPECT_TRUE(woken);
}

class Counter final : public Step {
 public:
  Counter(Simulation& simulation, Clock& clock)
      : simulation_(simulation), clock_(clock), wake_(clock.NewWaitEvent()) {}
  std::string_view name() const override { return "counter"; }
  absl::Duration Run() override {
    simulation_.Gate("count");
    ++runs;
    return clock_.Steady() + absl::Seconds(1);
  }
  WaitEvent& wake() override { return *wake_; }

  int runs = 0;

 private:
  Simulation& simulation_;
  Clock& clock_;
  const std::unique_ptr<WaitEvent> wake_;
};

TEST(Simulation, ACrashEndsTheStepsAndCallsOfItsProcessAlone) {
  Simulation simulation(7, {});
  Simulation::Process process(simulation, "p");
  Simulation::Process other(simulation, "q");
  Counter counter(simulation, process.clock());
  Counter others(simulation, other.clock());
  process.Run(counter);
  other.Run(others);
  bool destroyed = false;
  bool served = true;
  simulation.Spawn("client", [&] {
    served = process.Serve([&] {
      const std::shared_ptr<void> guard(nullptr, [&](void*) { destroyed = true; });
      simulation.Sleep(absl::Hours(1));
    });
  });
  simulation.Sleep(absl::Seconds(10));
  EXPECT_GE(counter.runs, 9);
  EXPECT_FALSE(destroyed);
  process.Crash();
  process.Join();
  const int runs = counter.runs;
  EXPECT_TRUE(destroyed) << "what the call held is released";
  EXPECT_FALSE(process.Serve([] { FAIL() << "a dead process serves nothing"; }));
  simulation.Sleep(absl::Seconds(10));
  EXPECT_FALSE(served);
  EXPECT_EQ(counter.runs, runs);
  EXPECT_GE(others.runs, 18);
  other.Stop();
  other.Join();
  simulation.JoinAll();
}

TEST(Simulation, AFrozenProcessStandsStillAndGoesOn) {
  Simulation simulation(7, {});
  Simulation::Process process(simulation, "p");
  Counter counter(simulation, process.clock());
  process.Run(counter);
  simulation.Sleep(absl::Seconds(3));
  const int runs = counter.runs;
  process.Freeze(absl::Minutes(1));
  simulation.Sleep(absl::Seconds(59));
  EXPECT_EQ(counter.runs, runs);
  simulation.Sleep(absl::Seconds(5));
  EXPECT_GT(counter.runs, runs);
  process.Stop();
  process.Join();
  simulation.JoinAll();
}

TEST(Simulation, ACrashWaitsUntilTheTaskIsOutOfTheEngine) {
  Simulation simulation(3, {});
  Simulation::Process process(simulation, "p");
  bool engine_done = false;
  bool called_back = false;
  bool after = false;
  simulation.Spawn("client", [&] {
    EXPECT_FALSE(process.Serve([&] {
      {
        Simulation::EngineScope engine(simulation);
        simulation.Sleep(absl::Seconds(2));
        engine_done = true;
        try {
          Simulation::CallbackScope callback(simulation);
          simulation.Point("callback");
          called_back = true;
        } catch (const ProcessCrashed&) {
        }
      }
      simulation.Point("after");
      after = true;
    }));
  });
  simulation.Sleep(absl::Seconds(1));
  process.Crash();
  process.Join();
  EXPECT_TRUE(engine_done);
  EXPECT_FALSE(called_back);
  EXPECT_FALSE(after);
  simulation.JoinAll();
}

TEST(SimulationDeathTest, SaysWhoWaitsInADeadlock) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        Simulation simulation(1, {.replay = "replay: it --seed 1"});
        const auto event = simulation.clock().NewWaitEvent();
        simulation.Spawn("hermit", [&] { event->WaitUntil(absl::InfiniteDuration()); });
        event->WaitUntil(absl::InfiniteDuration());
      },
      ::testing::ExitedWithCode(1), "deadlock(.|\n)*hermit(.|\n)*replay: it --seed 1");
}

TEST(SimulationDeathTest, EndsALivelock) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        Simulation simulation(1, {.max_points = 1000});
        for (;;) simulation.Point("spin");
      },
      ::testing::ExitedWithCode(1), "livelock");
}

}  // namespace
}  // namespace finalmile::testing
