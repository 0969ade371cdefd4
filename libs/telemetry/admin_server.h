#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "libs/telemetry/metrics.h"

namespace finalmile::telemetry {

// Named conditions of a process. Thread-safe.
class Health {
 public:
  // Quick and thread-safe; its error says what is wrong. Runs on the admin server's thread.
  using Check = std::function<absl::Status()>;

  Health();
  ~Health();
  Health(const Health&) = delete;
  Health& operator=(const Health&) = delete;

  // Without which the process is no longer of use and is to be started again.
  void AddLive(std::string_view name, Check check);
  // Without which it should be sent no calls now.
  void AddReady(std::string_view name, Check check);
  // What people should know although calls are served as always: a line of the text of Ready that never
  // decides. The note is empty when all is well; quick and thread-safe, as a check.
  using Note = std::function<std::string()>;
  void AddNote(std::string_view name, Note note);

  struct Report {
    bool ok = true;
    // "NAME: ok" or "NAME: <error>", one line per check and then per note, in order of registration.
    std::string text;
  };
  Report Live() const;
  Report Ready() const;

 private:
  struct Impl;
  const std::unique_ptr<Impl> impl_;
};

struct AdminOptions {
  // "host:port"; port 0 takes a free one. Anybody who reaches it can read it: a loopback address unless the
  // network around is trusted.
  std::string listen = "127.0.0.1:7001";
  std::string service;
  std::string version;
};

// The HTTP port of a process for its operators: GET /metrics, /livez, /readyz (200 or 503, with a line per
// check), /version (JSON). Thread-safe. Runs a thread of its own, which slow clients do not hold (HttpPort).
class AdminServer {
 public:
  // Binds and serves. `metrics` and `health` must outlive the server. INVALID_ARGUMENT for an address that is
  // none, FAILED_PRECONDITION for a port that is taken; one line that names the address.
  static absl::StatusOr<std::unique_ptr<AdminServer>> Start(const AdminOptions& options,
                                                            const Metrics& metrics, const Health& health);
  // Stops at once.
  ~AdminServer();

  // "127.0.0.1:7001", with the port that was taken.
  const std::string& address() const;

 private:
  class Impl;
  explicit AdminServer(std::unique_ptr<Impl> impl);
  const std::unique_ptr<Impl> impl_;
};

}  // namespace finalmile::telemetry
