// Who answers in PostgreSQL's place, and with which password.

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include "libs/base/status.h"
#include "libs/storage/database.h"
#include "libs/storage/diagnose.h"
#include "libs/testing/postgres_server.h"
#include "libs/testing/process.h"
#include "libs/testing/temporary_folder.h"

namespace finalmile::storage {
namespace {

constexpr const char* kPgBouncer = "/usr/sbin/pgbouncer";

class PostgresSession : public ::testing::Test {
 protected:
  absl::Duration In(absl::Duration span) const { return clock_->Steady() + span; }

  absl::Status Run(Database& database, const std::string& sql) {
    return database.Transact({.deadline = In(absl::Seconds(10))},
                             [&](Transaction& transaction) { return transaction.Execute(sql).status(); });
  }

  std::unique_ptr<Database> Opened(const std::string& url) {
    auto database = storage::Open(url, *clock_, {.connections = 2});
    EXPECT_TRUE(database.ok()) << database.status();
    return database.ok() ? *std::move(database) : nullptr;
  }

  const std::unique_ptr<Clock> clock_ = NewSystemClock();
  const finalmile::testing::TemporaryFolder folder_;
};

TEST_F(PostgresSession, APasswordThatIsChangedInItsFileIsTakenByTheNextSession) {
  auto server = finalmile::testing::PostgresServer::Start({});
  FINALMILE_NEEDS_POSTGRES(server);
  const auto owner = Opened((*server)->url("postgres"));
  ASSERT_EQ(Run(*owner, "CREATE ROLE app LOGIN PASSWORD 'first pässword'"), absl::OkStatus());
  {
    const std::string rules = (*server)->data_folder() + "/pg_hba.conf";
    std::ofstream(rules) << "local all postgres trust\nhost all app 127.0.0.1/32 scram-sha-256\n";
  }
  ASSERT_EQ(Run(*owner, "SELECT 1 FROM (SELECT pg_reload_conf()) AS r"), absl::OkStatus());

  // As a mounted Secret is: read by the group, and replaced by the swap of a symbolic link.
  const std::string file = folder_.path() + "/password";
  const auto write = [&](const std::string& name, const std::string& content) {
    const std::string path = folder_.path() + "/" + name;
    std::ofstream(path) << content;
    chmod(path.c_str(), 0440);
    const std::string link = folder_.path() + "/next";
    std::filesystem::create_symlink(path, link);
    std::filesystem::rename(link, file);
  };
  const std::string url = "postgresql://app@127.0.0.1:" + std::to_string((*server)->port()) +
                          "/postgres?connect_timeout=5&password.file=" + file + "&sslmode=disable";
  EXPECT_EQ(storage::Open(url, *clock_, {}).status().message(),
            "store: password.file: cannot read the file " + file + ": No such file or directory");
  write("first", "first pässword\n");
  const auto database = Opened(url);
  ASSERT_NE(database, nullptr);
  EXPECT_EQ(Run(*database, "SELECT 1"), absl::OkStatus());
  // As everybody whose session ends from now on.
  const auto end_sessions = [&] {
    ASSERT_EQ(Run(*owner,
                  "SELECT 1 FROM (SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename "
                  "= 'app') AS r"),
              absl::OkStatus());
  };
  ASSERT_EQ(Run(*owner, "ALTER ROLE app PASSWORD 'second'"), absl::OkStatus());
  end_sessions();
  const absl::Status refused = Run(*database, "SELECT 1");
  EXPECT_EQ(refused.code(), absl::StatusCode::kUnavailable);
  EXPECT_NE(std::string(refused.message()).find("password authentication failed"), std::string::npos)
      << refused;
  EXPECT_NE(std::string(refused.message()).find("(store: password.file: " + file + ")"), std::string::npos)
      << refused;
  EXPECT_EQ(std::string(refused.message()).find("first"), std::string::npos) << refused;

  const auto try_until_done = [&] {
    const absl::Duration give_up = In(absl::Seconds(20));
    absl::Status status = Run(*database, "SELECT 1");
    while (!status.ok() && clock_->Steady() < give_up) {
      clock_->NewWaitEvent()->WaitUntil(In(absl::Milliseconds(20)));
      status = Run(*database, "SELECT 1");
    }
    return status;
  };
  write("second", "second");
  EXPECT_EQ(try_until_done(), absl::OkStatus());
  // A Secret that is gone for a while is waited for.
  std::filesystem::remove(file);
  EXPECT_EQ(Run(*database, "SELECT 1"), absl::OkStatus()) << "the session goes on";
  end_sessions();
  const absl::Status missing = Run(*database, "SELECT 1");
  EXPECT_EQ(missing.code(), absl::StatusCode::kUnavailable) << missing;
  EXPECT_NE(std::string(missing.message()).find(file), std::string::npos) << missing;
  write("third", "second\r\n");
  EXPECT_EQ(try_until_done(), absl::OkStatus());
}

class Pooler : public PostgresSession {
 protected:
  void SetUp() override {
    auto server = finalmile::testing::SharedPostgres();
    FINALMILE_NEEDS_POSTGRES(server);
    if (access(kPgBouncer, X_OK) != 0) GTEST_SKIP() << "SKIPPED without PgBouncer";
    server_ = *server;
  }

  // The address of a pooler in this mode, with further settings.
  std::string Start(const std::string& mode, const std::string& settings) {
    const int port = finalmile::testing::FreePort();
    const std::string file = folder_.path() + "/pgbouncer.ini";
    std::ofstream(folder_.path() + "/users") << "\"postgres\" \"\"\n";
    std::ofstream(file) << "[databases]\n* = host=127.0.0.1 port=" << server_->port()
                        << "\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = " << port
                        << "\nunix_socket_dir =\nauth_type = trust\nauth_file = " << folder_.path()
                        << "/users\npool_mode = " << mode << "\n"
                        << settings << (geteuid() == 0 ? "\nuser = postgres\n" : "\n");
    std::filesystem::permissions(folder_.path(),
                                 std::filesystem::perms::others_exec | std::filesystem::perms::others_read,
                                 std::filesystem::perm_options::add);
    auto process = finalmile::testing::Process::Start({kPgBouncer, file}, folder_.path() + "/log");
    EXPECT_TRUE(process.ok()) << process.status();
    if (process.ok()) process_ = *std::move(process);
    return "postgresql://postgres@127.0.0.1:" + std::to_string(port) + "/postgres?sslmode=disable";
  }

  // As soon as it takes connections.
  absl::Status Check(Database& database) {
    const absl::Duration give_up = In(absl::Seconds(20));
    while (true) {
      absl::Status status = database.CheckSessions(In(absl::Seconds(5)));
      if (!absl::IsUnavailable(status) || clock_->Steady() > give_up) return status;
      clock_->NewWaitEvent()->WaitUntil(In(absl::Milliseconds(50)));
    }
  }

  finalmile::testing::PostgresServer* server_ = nullptr;
  std::unique_ptr<finalmile::testing::Process> process_;
};

TEST_F(Pooler, PostgresItselfIsTaken) {
  const auto database = Opened(server_->tcp_url("postgres"));
  EXPECT_EQ(Check(*database), absl::OkStatus());
}

TEST_F(Pooler, OneThatRefusesTheSettingsOfASessionIsNamed) {
  const auto database = Opened(Start("transaction", ""));
  const absl::Status refused = Check(*database);
  EXPECT_EQ(refused.code(), absl::StatusCode::kFailedPrecondition) << refused;
  EXPECT_NE(std::string(refused.message()).find("a pooler answers in PostgreSQL's place"), std::string::npos)
      << refused;
}

TEST_F(Pooler, OneInTransactionModeIsRefused) {
  for (const char* further : {"", "\nserver_round_robin = 1", "\ndefault_pool_size = 1"}) {
    const auto database =
        Opened(Start("transaction", std::string("ignore_startup_parameters = options") + further));
    const absl::Status refused = Check(*database);
    EXPECT_EQ(refused.code(), absl::StatusCode::kFailedPrecondition) << refused << further;
    EXPECT_NE(std::string(refused.message()).find("a pooler in transaction mode"), std::string::npos)
        << refused << further;
  }
}

TEST_F(Pooler, ADiagnosisNamesOneInTransactionModeAndTrustsNothingElseThatItSays) {
  const std::string url = Start("transaction", "ignore_startup_parameters = options");
  const auto database = Opened(url);
  ASSERT_EQ(Check(*database).code(), absl::StatusCode::kFailedPrecondition);
  const StoreDiagnosis diagnosis = Diagnose(url, *clock_, {}, absl::Seconds(5));
  ASSERT_EQ(diagnosis.findings.size(), 6u);
  EXPECT_EQ(diagnosis.findings[0].check, "pooler");
  EXPECT_EQ(diagnosis.findings[0].verdict, Verdict::kFail);
  for (size_t i = 1; i < diagnosis.findings.size(); ++i)
    EXPECT_EQ(diagnosis.findings[i].verdict, Verdict::kSkipped) << diagnosis.findings[i].check;
}

TEST_F(PostgresSession, ADiagnosisNamesTheFileOfAPasswordThatIsRefused) {
  auto server = finalmile::testing::PostgresServer::Start({});
  FINALMILE_NEEDS_POSTGRES(server);
  const auto owner = Opened((*server)->url("postgres"));
  ASSERT_EQ(Run(*owner, "CREATE ROLE app LOGIN PASSWORD 'right'"), absl::OkStatus());
  std::ofstream((*server)->data_folder() + "/pg_hba.conf")
      << "local all postgres trust\nhost all app 127.0.0.1/32 scram-sha-256\n";
  ASSERT_EQ(Run(*owner, "SELECT 1 FROM (SELECT pg_reload_conf()) AS r"), absl::OkStatus());
  const std::string file = folder_.path() + "/password";
  std::ofstream(file) << "wrong";
  const Finding refused = Diagnose("postgresql://app@127.0.0.1:" + std::to_string((*server)->port()) +
                                       "/postgres?sslmode=disable&password.file=" + file,
                                   *clock_, {}, absl::Seconds(5))
                              .findings[0];
  EXPECT_EQ(refused.verdict, Verdict::kFail) << "it answers";
  EXPECT_NE(refused.text.find("(store: password.file: " + file + ")"), std::string::npos) << refused.text;
  EXPECT_EQ(refused.text.find("wrong"), std::string::npos) << refused.text;
}

TEST_F(Pooler, OneInSessionModeIsTaken) {
  const auto database = Opened(Start("session", "ignore_startup_parameters = options"));
  EXPECT_EQ(Check(*database), absl::OkStatus());
}

}  // namespace
}  // namespace finalmile::storage
