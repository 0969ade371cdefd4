// A server that goes away, and one whose test dies.

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <filesystem>
#include <thread>
#include <vector>

#include "libs/base/status.h"
#include "libs/storage/database.h"
#include "libs/testing/postgres_server.h"

namespace finalmile::storage {
namespace {

TEST(PostgresRestart, CallsRecoverWithinFiveSeconds) {
  auto server = finalmile::testing::PostgresServer::Start({});
  FINALMILE_NEEDS_POSTGRES(server);
  const auto clock = NewSystemClock();
  auto database = storage::Open((*server)->url("postgres"), *clock, {});
  ASSERT_TRUE(database.ok());
  const auto transact = [&](const std::string& sql) {
    return (*database)->Transact({.deadline = clock->Steady() + absl::Seconds(5)},
                                 [&](Transaction& transaction) { return transaction.Execute(sql).status(); });
  };
  ASSERT_TRUE(transact("CREATE TABLE n (id {identity})").ok());
  for (const bool killed : {false, true}) {
    std::atomic<bool> stop{false};
    std::atomic<int64_t> acknowledged{0}, unknown{0};
    // The second at which a call last failed.
    std::atomic<double> last_failure{0};
    std::vector<std::thread> threads;
    ASSERT_TRUE(transact("DELETE FROM n").ok());
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&] {
        while (!stop) {
          const absl::Status status = transact("INSERT INTO n DEFAULT VALUES");
          if (status.ok()) {
            ++acknowledged;
            continue;
          }
          EXPECT_TRUE(absl::IsUnavailable(status) || absl::IsUnknown(status)) << status;
          if (absl::IsUnknown(status)) ++unknown;
          last_failure = absl::ToDoubleSeconds(clock->Steady());
          clock->NewWaitEvent()->WaitUntil(clock->Steady() + absl::Milliseconds(5));
        }
      });
    }
    while (acknowledged < 100) std::this_thread::yield();
    if (killed) {
      (*server)->Kill();
    } else {
      ASSERT_TRUE((*server)->Stop().ok());
    }
    ASSERT_TRUE((*server)->Resume().ok());
    const double back = absl::ToDoubleSeconds(clock->Steady());
    const int64_t before = acknowledged;
    while (acknowledged < before + 500) std::this_thread::yield();
    stop = true;
    for (std::thread& thread : threads) thread.join();
    EXPECT_LT(last_failure - back, 5);
    int64_t stored = 0;
    ASSERT_TRUE((*database)
                    ->Transact({.deadline = clock->Steady() + absl::Seconds(5)},
                               [&](Transaction& transaction) -> absl::Status {
                                 ASSIGN_OR_RETURN(const Result count,
                                                  transaction.Execute("SELECT COUNT(*) FROM n"));
                                 stored = count.rows[0].Int(0);
                                 return absl::OkStatus();
                               })
                    .ok());
    EXPECT_GE(stored, acknowledged);
    EXPECT_LE(stored, acknowledged + unknown);
    RecordProperty(killed ? "recovery_after_kill" : "recovery_after_stop",
                   std::to_string(last_failure - back));
  }
}

TEST(PostgresServer, IsGoneWithItsProcess) {
  auto installed = finalmile::testing::SharedPostgres();
  FINALMILE_NEEDS_POSTGRES(installed);
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const pid_t child = fork();
  if (child == 0) {
    auto server = finalmile::testing::PostgresServer::Start({});
    const std::string url = server.ok() ? (*server)->url("postgres") : "";
    if (write(ends[1], url.data(), url.size()) != static_cast<ssize_t>(url.size())) _exit(1);
    close(ends[1]);
    pause();
  }
  close(ends[1]);
  char buffer[512];
  const ssize_t size = read(ends[0], buffer, sizeof buffer);
  close(ends[0]);
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  const std::string url(buffer, size > 0 ? static_cast<size_t>(size) : 0);
  ASSERT_FALSE(url.empty());
  const size_t host = url.find("host=") + 5;
  const std::string folder = url.substr(host, url.find('&') - host);
  const auto clock = NewSystemClock();
  const auto never = clock->NewWaitEvent();
  const absl::Duration give_up = clock->Steady() + absl::Seconds(10);
  while (std::filesystem::exists(folder) && clock->Steady() < give_up) {
    never->WaitUntil(clock->Steady() + absl::Milliseconds(20));
  }
  EXPECT_FALSE(std::filesystem::exists(folder)) << folder;
}

}  // namespace
}  // namespace finalmile::storage
