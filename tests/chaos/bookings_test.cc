#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>

#include "libs/testing/fault_proxy.h"
#include "libs/testing/postgres_server.h"
#include "tests/chaos/bookings.h"

// Rows F1, F8, F15 and F16 of the fault table for the appointments service, on real servers, and a contended
// while: 2 s, and a minute where CHAOS_CYCLES, the number of kills, is set (5 by default).
namespace finalmile::chaos {
namespace {

constexpr int kClients = 8;
constexpr int kContenders = 64;
constexpr int kWritesPerFault = 40;
const std::string kCommit("COMMIT\0", 7);

const char* Cycles() { return std::getenv("CHAOS_CYCLES"); }

class BookingChaosTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto postgres = testing::SharedPostgres();
    FINALMILE_NEEDS_POSTGRES(postgres);
    auto kafka = testing::SharedKafka();
    FINALMILE_NEEDS_KAFKA(kafka);
    postgres_ = *postgres;
    const auto name = postgres_->CreateDatabase();
    ASSERT_TRUE(name.ok()) << name.status();
    auto proxy = testing::FaultProxy::Start("127.0.0.1:" + std::to_string(postgres_->port()), *clock_);
    ASSERT_TRUE(proxy.ok()) << proxy.status();
    proxy_ = *std::move(proxy);
    const std::string through =
        "postgresql://postgres@127.0.0.1:" + std::to_string(proxy_->port()) + "/" + *name;
    auto bookings = Bookings::Start(through, postgres_->tcp_url(*name), **kafka);
    ASSERT_TRUE(bookings.ok()) << bookings.status();
    bookings_ = *std::move(bookings);
  }
  void Begin(int clients) {
    bookings_->StartClients(clients);
    ASSERT_TRUE(Await());
  }
  bool Await() { return bookings_->clients().AwaitAcknowledged(kWritesPerFault); }

  void TearDown() override {
    if (!bookings_) return;
    EXPECT_TRUE(Await()) << "bookings did not go on after the fault";
    bookings_->clients().Stop();
    const auto counts = bookings_->Check();
    ASSERT_TRUE(counts.ok()) << counts.status();
    EXPECT_GT(counts->taken, 0) << "nobody was in anybody's way";
    EXPECT_EQ(bookings_->clients().cancelled(), 0);
    std::cout << *counts << "; " << bookings_->clients().retries() << " calls repeated\n";
  }

  const std::unique_ptr<Clock> clock_ = NewSystemClock();
  const std::unique_ptr<WaitEvent> pause_ = clock_->NewWaitEvent();
  testing::PostgresServer* postgres_ = nullptr;
  std::unique_ptr<testing::FaultProxy> proxy_;
  std::unique_ptr<Bookings> bookings_;
};

TEST_F(BookingChaosTest, F1KillsUnderBookingsLoseAndDoubleNothing) {
  Begin(kClients);
  const int cycles = Cycles() == nullptr ? 5 : std::atoi(Cycles());
  ASSERT_GT(cycles, 0);
  for (int cycle = 0; cycle < cycles; ++cycle) {
    const absl::Status crashed = bookings_->replicas().Crash(cycle % bookings_->replicas().count());
    ASSERT_TRUE(crashed.ok()) << crashed;
    ASSERT_TRUE(Await());
  }
  std::cout << cycles << " kills\n";
}

TEST_F(BookingChaosTest, F8AFrozenReplicaComesBackAsAZombieAndChangesNothing) {
  Begin(kClients);
  bookings_->replicas().process(0).Freeze();
  // Longer than the group's session timeout and the leader's lease: the other replica takes over.
  pause_->WaitUntil(clock_->Steady() + absl::Seconds(12));
  EXPECT_TRUE(Await());
  bookings_->replicas().process(0).Thaw();
}

TEST_F(BookingChaosTest, F15PostgresRestartsUnderBookings) {
  Begin(kClients);
  ASSERT_TRUE(postgres_->Restart().ok());
  const absl::Duration back = clock_->Steady();
  ASSERT_TRUE(Await());
  EXPECT_LT(clock_->Steady() - back, absl::Seconds(5));
}

TEST_F(BookingChaosTest, F16ConnectionsCutDuringCommitHaveOneEffect) {
  Begin(kClients);
  for (int round = 0; round < 10; ++round) {
    // Before COMMIT arrives, or when it took effect and before its answer.
    proxy_->CutAt({.pattern = kCommit, .forward = round % 2 == 1});
    ASSERT_TRUE(Await());
  }
  EXPECT_GE(proxy_->cuts(), 10) << "nothing was cut";
}

TEST_F(BookingChaosTest, ManyWhoWantTheSameTimesNeverShareOne) {
  Begin(kContenders);
  pause_->WaitUntil(clock_->Steady() + (Cycles() == nullptr ? absl::Seconds(2) : absl::Minutes(1)));
}

}  // namespace
}  // namespace finalmile::chaos
