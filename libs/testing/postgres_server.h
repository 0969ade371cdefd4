#pragma once

#include <sys/types.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "libs/base/clock.h"

namespace finalmile::testing {

struct PostgresOptions {
  // Whether commits survive a crash of the machine. Tests that kill only processes do without.
  bool fsync = false;
  // Further settings, as "max_connections=20".
  std::vector<std::string> settings;
};

// A private PostgreSQL: own temporary folder, Unix socket and free TCP port on 127.0.0.1; superuser
// "postgres" without a password. A watchdog process stops it and removes the folder when this process ends,
// however it ends. Started by root it runs as the user "postgres", else as oneself. Not thread-safe, but for
// url, port and CreateDatabase.
class PostgresServer {
 public:
  // Starts one; takes some seconds. NOT_FOUND: PostgreSQL is not installed.
  static absl::StatusOr<std::unique_ptr<PostgresServer>> Start(const PostgresOptions& options);
  ~PostgresServer();
  PostgresServer(const PostgresServer&) = delete;
  PostgresServer& operator=(const PostgresServer&) = delete;

  // libpq URIs of a database over the Unix socket and over TCP.
  std::string url(std::string_view database) const;
  std::string tcp_url(std::string_view database) const;
  int port() const { return port_; }
  // Where the server keeps its files, and what it logs to.
  std::string data_folder() const { return folder_ + "/data"; }
  std::string log_file() const { return folder_ + "/server.log"; }

  // Makes an empty database and returns its name.
  absl::StatusOr<std::string> CreateDatabase();

  // Ends every session and stops ("fast").
  absl::Status Stop();
  // Starts again on the same folder and port after Stop or Kill; returns when connections are accepted.
  absl::Status Resume();
  absl::Status Restart();
  // kill -9 of the postmaster.
  void Kill();

 private:
  PostgresServer(std::string bin, std::string folder, int port, PostgresOptions options);

  absl::Status Initialise();
  void WaitForExit();

  const std::unique_ptr<Clock> clock_;
  const std::string bin_;
  const std::string folder_;
  const int port_;
  const PostgresOptions options_;
  pid_t server_ = -1;
  pid_t watchdog_ = -1;
  // The watchdog acts when this end of its pipe is closed.
  int watchdog_pipe_ = -1;
};

// The server that the tests of this process share, started by the first call. It is stopped when the process
// ends.
absl::StatusOr<PostgresServer*> SharedPostgres();

// Whether a test without PostgreSQL is to fail rather than to be skipped: REQUIRE_POSTGRES=1.
bool PostgresRequired();

}  // namespace finalmile::testing

// Ends the test, or SetUp, when `status_or`, a StatusOr of a server, is not OK: skipped loudly, or failed
// (see above).
#define FINALMILE_NEEDS_POSTGRES(status_or)                                                  \
  if (!(status_or).ok()) {                                                                   \
    if (::finalmile::testing::PostgresRequired()) FAIL() << (status_or).status().ToString(); \
    GTEST_SKIP() << "SKIPPED without PostgreSQL: " << (status_or).status().ToString();       \
  }
