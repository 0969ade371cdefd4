#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <iostream>

#include "tests/chaos/world.h"

// Rows F1 to F4, F7, F8, F15 and F27 of the fault table, on real servers. CHAOS_CYCLES is the
// number of kills of the first ones (5 by default, 1,000 in `make chaos`).
namespace finalmile::chaos {
namespace {

constexpr int kClients = 4;
constexpr int kWritesPerFault = 40;

int Cycles() {
  const char* cycles = std::getenv("CHAOS_CYCLES");
  return cycles == nullptr ? 5 : std::atoi(cycles);
}

class ChaosTest : public ::testing::Test {
 protected:
  explicit ChaosTest(int replicas = 2) : replicas_(replicas) {}

  void SetUp() override {
    auto postgres = testing::SharedPostgres();
    FINALMILE_NEEDS_POSTGRES(postgres);
    auto kafka = testing::SharedKafka();
    FINALMILE_NEEDS_KAFKA(kafka);
    postgres_ = *postgres;
    kafka_ = *kafka;
    auto world = World::Start(*postgres_, *kafka_, replicas_);
    ASSERT_TRUE(world.ok()) << world.status();
    world_ = *std::move(world);
    world_->StartClients(kClients);
    ASSERT_TRUE(world_->clients().AwaitAcknowledged(kWritesPerFault));
  }

  void TearDown() override {
    if (!world_) return;
    EXPECT_TRUE(world_->clients().AwaitAcknowledged(kWritesPerFault))
        << "writes did not go on after the fault";
    world_->clients().Stop();
    const auto counts = world_->Check();
    ASSERT_TRUE(counts.ok()) << counts.status();
    EXPECT_EQ(world_->clients().cancelled(), 0);
    std::cout << "ledger: " << *counts << "; " << world_->clients().retries() << " calls repeated\n";
  }

  void KillUnderWrites();

  const int replicas_;
  testing::PostgresServer* postgres_ = nullptr;
  testing::KafkaBroker* kafka_ = nullptr;
  std::unique_ptr<World> world_;
};

// Nobody is there to take over what a killed process has left.
class LoneReplicaTest : public ChaosTest {
 protected:
  LoneReplicaTest() : ChaosTest(1) {}
};

// On a terminal a line that says how far the kills are; nothing in a pipe.
class Progress {
 public:
  Progress(Clock& clock, int cycles) : clock_(clock), cycles_(cycles), start_(clock.Steady()) {}
  ~Progress() {
    if (terminal_) std::cerr << "\r\033[K";
  }
  void Done(int cycle) {
    if (!terminal_ || cycle == 0) return;
    const absl::Duration each = (clock_.Steady() - start_) / cycle;
    std::cerr << "\r\033[K" << cycle << " of " << cycles_ << " kills, "
              << std::lround(600 / absl::ToDoubleSeconds(each)) / 10.0 << " a minute, "
              << absl::Trunc(each * (cycles_ - cycle), absl::Seconds(1)) << " left" << std::flush;
  }

 private:
  Clock& clock_;
  const int cycles_;
  const absl::Duration start_;
  const bool terminal_ = isatty(STDERR_FILENO) == 1;
};

void ChaosTest::KillUnderWrites() {
  const int cycles = Cycles();
  ASSERT_GT(cycles, 0);
  Progress progress(world_->clock(), cycles);
  for (int cycle = 0; cycle < cycles; ++cycle) {
    const absl::Status crashed = world_->replicas().Crash(cycle % replicas_);
    ASSERT_TRUE(crashed.ok()) << crashed;
    ASSERT_TRUE(
        world_->clients().AwaitAcknowledged(1 + static_cast<int64_t>(world_->rng().Below(kWritesPerFault))));
    progress.Done(cycle + 1);
  }
  std::cout << cycles << " kills\n";
}

TEST_F(ChaosTest, KillsUnderWritesLoseAndDoubleNothing) { KillUnderWrites(); }
TEST_F(LoneReplicaTest, KillsUnderWritesLoseAndDoubleNothing) { KillUnderWrites(); }

TEST_F(ChaosTest, AFrozenReplicaComesBackAsAZombieAndChangesNothing) {
  auto pause = world_->clock().NewWaitEvent();
  world_->replicas().process(0).Freeze();
  // Longer than the group's session timeout and the leader's lease: the other replica takes over.
  pause->WaitUntil(world_->clock().Steady() + absl::Seconds(12));
  EXPECT_TRUE(world_->clients().AwaitAcknowledged(kWritesPerFault));
  world_->replicas().process(0).Thaw();
}

TEST_F(ChaosTest, WritesGoOnWhileTheBrokerIsDown) {
  ASSERT_TRUE(kafka_->Kill().ok());
  auto pause = world_->clock().NewWaitEvent();
  pause->WaitUntil(world_->clock().Steady() + absl::Seconds(5));
  ASSERT_TRUE(kafka_->Resume().ok());
}

TEST_F(ChaosTest, PostgresRestartsUnderWrites) {
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(postgres_->Restart().ok());
    const absl::Duration back = world_->clock().Steady();
    ASSERT_TRUE(world_->clients().AwaitAcknowledged(kWritesPerFault));
    EXPECT_LT(world_->clock().Steady() - back, absl::Seconds(5));
    std::cout << "writes went on " << world_->clock().Steady() - back << " after PostgreSQL was back\n";
  }
}

// Row F27. TearDown holds that no call failed and no attempt was cancelled.
TEST_F(ChaosTest, RollingRestartsFailNoCallOfARetryingClient) {
  for (int restart = 0; restart < std::min(Cycles(), 50); ++restart) {
    const absl::Status restarted = world_->replicas().Restart(restart % replicas_);
    ASSERT_TRUE(restarted.ok()) << restarted;
    ASSERT_TRUE(world_->clients().AwaitAcknowledged(kWritesPerFault));
  }
}

}  // namespace
}  // namespace finalmile::chaos
