#include <gtest/gtest.h>

#include <fstream>
#include <functional>
#include <iostream>
#include <string>
#include <thread>
#include <vector>

#include "libs/app/suite.h"
#include "libs/base/status.h"
#include "libs/outbox/outbox.h"
#include "libs/storage/transact.h"
#include "libs/testing/postgres_server.h"
#include "libs/testing/temporary_folder.h"
#include "tests/faults/service.h"

// Row F37 of the fault table: the sessions that two replicas of the leads service take of PostgreSQL.
namespace finalmile::faults {
namespace {

constexpr int kThreads = 8;  // as Service sets them

class SessionRows : public ::testing::Test {
 protected:
  void SetUp() override {
    auto postgres = testing::PostgresServer::Start({.settings = {"log_connections=on"}});
    FINALMILE_NEEDS_POSTGRES(postgres);
    postgres_ = *std::move(postgres);
    const auto name = postgres_->CreateDatabase();
    ASSERT_TRUE(name.ok()) << name.status();
    const std::string store = postgres_->url(*name);
    auto first = Service::Start({.store = store, .events = "local:" + folder_.path() + "/events.db"});
    ASSERT_TRUE(first.ok()) << first.status();
    first_ = *std::move(first);
    auto second = Service::Start({.store = store, .log = &first_->events()});
    ASSERT_TRUE(second.ok()) << second.status();
    second_ = *std::move(second);
    auto observer = storage::Open(store, *clock_, {.connections = 1, .application = "observer"});
    ASSERT_TRUE(observer.ok()) << observer.status();
    observer_ = *std::move(observer);
  }

  absl::Duration In(absl::Duration span) const { return clock_->Steady() + span; }

  int64_t Ask(const std::string& sql) {
    const auto answer =
        storage::Read(*observer_, In(absl::Seconds(10)),
                      [&](storage::Transaction& transaction) { return transaction.Execute(sql); });
    EXPECT_TRUE(answer.ok()) << answer.status();
    return answer.ok() && !answer->rows.empty() && !answer->rows[0].Null(0) ? answer->rows[0].Int(0) : -1;
  }

  // Sessions that the services hold now.
  int64_t Held() {
    return Ask("SELECT COUNT(*) FROM pg_stat_activity WHERE application_name = 'finalmile-leads'");
  }
  // Sessions that the services have opened since the server started.
  int64_t Opened() {
    std::ifstream log(postgres_->log_file());
    int64_t opened = 0;
    for (std::string line; std::getline(log, line);) {
      opened += line.find("connection authorized") != std::string::npos &&
                line.find("application_name=finalmile-leads") != std::string::npos;
    }
    return opened;
  }

  // Returns when the follower has asked `times` times more; `meanwhile` is called until then, and at least
  // `calls` times.
  void AwaitTries(int times, const std::function<void()>& meanwhile, int calls) {
    const std::string last =
        "SELECT CAST(EXTRACT(EPOCH FROM MAX(query_start)) * 1000000 AS BIGINT) FROM pg_stat_activity WHERE "
        "application_name = 'finalmile-leads' AND query LIKE '%pg_try_advisory_lock%'";
    const absl::Duration give_up = In(absl::Seconds(60));
    int64_t seen = Ask(last);
    for (int done = 0; times > 0 || done < calls; ++done) {
      ASSERT_LT(clock_->Steady(), give_up) << "the follower does not ask";
      meanwhile();
      if (done % 100 != 0) continue;
      const int64_t now = Ask(last);
      if (now != seen) --times;
      seen = now;
    }
  }

  const std::unique_ptr<Clock> clock_ = NewSystemClock();
  testing::TemporaryFolder folder_;
  std::unique_ptr<testing::PostgresServer> postgres_;
  std::unique_ptr<Service> first_;
  std::unique_ptr<Service> second_;
  std::unique_ptr<storage::Database> observer_;
};

TEST_F(SessionRows, F37TwoReplicasOpenNoSessionWhileNothingIsAskedOfThem) {
  // Many calls at once open what the budget allows.
  std::vector<std::thread> callers;
  for (int i = 0; i < 2 * kThreads; ++i) {
    callers.emplace_back([&, i] {
      for (int turn = 0; turn < 10; ++turn) {
        Service& service = i % 2 == 0 ? *first_ : *second_;
        EXPECT_TRUE(service.Create(std::to_string(i) + "-" + std::to_string(turn)).ok());
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  const int64_t budget = 2 * app::SessionsOf(kThreads);
  const auto pause = clock_->NewWaitEvent();
  const int64_t before = Opened();
  EXPECT_LE(before, budget);
  EXPECT_LE(Held(), budget);

  AwaitTries(
      5, [&] { pause->WaitUntil(In(absl::Milliseconds(1))); }, 0);
  EXPECT_EQ(Opened() - before, 0) << "idle";

  const absl::Duration start = clock_->Steady();
  constexpr int kNotifications = 2500;
  AwaitTries(
      3,
      [&] {
        EXPECT_TRUE(observer_
                        ->Transact({.deadline = In(absl::Seconds(10))},
                                   [](storage::Transaction& transaction) {
                                     return transaction.Notify(outbox::kOutboxChannel);
                                   })
                        .ok());
      },
      kNotifications);
  std::cout << "notifications: at least " << kNotifications << " in "
            << absl::FormatDuration(clock_->Steady() - start) << "\n";
  EXPECT_EQ(Opened() - before, 0) << "under notifications";
  EXPECT_LE(Held(), budget);
  std::cout << "sessions: " << Held() << " held, " << Opened() << " opened since the start, " << budget
            << " allowed\n";
}

}  // namespace
}  // namespace finalmile::faults
