#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "libs/base/clock.h"
#include "libs/testing/process.h"

namespace finalmile::testing {

// A private Redis without persistence: own temporary folder, Unix socket and free TCP port on 127.0.0.1. It
// dies with this process, however that ends. Not thread-safe, but for the addresses and Command.
class RedisServer {
 public:
  // NOT_FOUND: Redis is not installed.
  static absl::StatusOr<std::unique_ptr<RedisServer>> Start();
  ~RedisServer();
  RedisServer(const RedisServer&) = delete;
  RedisServer& operator=(const RedisServer&) = delete;

  std::string url() const;
  std::string unix_url() const;
  std::string folder() const { return folder_; }
  int port() const { return port_; }

  // kill -9; Resume starts it again, empty, at the same addresses and returns when it answers.
  void Kill();
  absl::Status Resume();
  // SIGSTOP, SIGCONT.
  void Freeze() { process_->Freeze(); }
  void Thaw() { process_->Thaw(); }

  // Runs one command over a connection of its own and returns its answer as text; nil is "(nil)", an array
  // its first line.
  absl::StatusOr<std::string> Command(const std::vector<std::string>& words) const;

 private:
  RedisServer(std::string folder, int port);

  const std::unique_ptr<Clock> clock_;
  const std::string folder_;
  const int port_;
  std::unique_ptr<Process> process_;
};

// The server that the tests of this process share, started by the first call.
absl::StatusOr<RedisServer*> SharedRedis();

// Whether a test without Redis is to fail rather than to be skipped: REQUIRE_REDIS=1.
bool RedisRequired();

}  // namespace finalmile::testing

// Ends the test, or SetUp, when `status_or`, a StatusOr of a server, is not OK: skipped loudly, or failed
// (see above).
#define FINALMILE_NEEDS_REDIS(status_or)                                                  \
  if (!(status_or).ok()) {                                                                \
    if (::finalmile::testing::RedisRequired()) FAIL() << (status_or).status().ToString(); \
    GTEST_SKIP() << "SKIPPED without Redis: " << (status_or).status().ToString();         \
  }
