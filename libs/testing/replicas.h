#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "libs/app/module.h"
#include "libs/base/clock.h"
#include "libs/base/random.h"
#include "libs/events/event_log.h"
#include "libs/rpc/client.h"
#include "libs/storage/database.h"
#include "libs/testing/process.h"
#include "libs/testing/temporary_folder.h"

namespace finalmile::testing {

// Processes of one service's program on the same store and event log, on real servers, which the test kills
// and starts again. What is not said to be thread-safe is not.
class Replicas {
 public:
  struct Options {
    // A constant.
    const app::ModuleSpec* service = nullptr;
    // The path of finalmile-<service>.
    std::string program;
    // An empty PostgreSQL database, as the processes reach it.
    std::string store;
    // The same past what the test breaks; empty: as `store`.
    std::string sound_store = {};
    std::string events;
    // Further flags: "--drain", "5s".
    std::vector<std::string> flags = {};
    // How many processes; >= 1.
    int count = 2;
    // The file to which the processes log; empty: one that is deleted at the end.
    std::string log = {};
  };
  // Migrates the store and makes the topics first. A topic outlives the replicas: what earlier ones wrote is
  // in it.
  static absl::StatusOr<std::unique_ptr<Replicas>> Start(Options options);
  ~Replicas();
  Replicas(const Replicas&) = delete;
  Replicas& operator=(const Replicas&) = delete;

  Clock& clock() { return *clock_; }
  // Thread-safe.
  Rng& rng() { return *rng_; }
  // The test's own ways to the store and the event log.
  storage::Database& database() { return *database_; }
  events::EventLog& events() { return *events_; }

  int count() const { return options_.count; }
  Process& process(int replica) { return *replicas_[static_cast<size_t>(replica)].process; }
  // To this process, whichever is up. Calls by it are thread-safe.
  rpc::Channel& channel(int replica) { return *replicas_[static_cast<size_t>(replica)].channel; }
  int admin_port(int replica) const { return replicas_[static_cast<size_t>(replica)].admin; }

  // kill -9, then up again on the same address.
  absl::Status Crash(int replica);
  // SIGTERM, then up again; FAILED_PRECONDITION when it did not end by itself with code 0.
  absl::Status Restart(int replica);

 private:
  struct Replica {
    int port = 0;
    int admin = 0;
    std::unique_ptr<Process> process;
    std::unique_ptr<rpc::Channel> channel;
  };

  explicit Replicas(Options options);
  absl::Status Launch(int replica);

  const TemporaryFolder folder_;
  Options options_;
  const std::unique_ptr<Clock> clock_;
  const std::unique_ptr<Rng> rng_;
  std::unique_ptr<storage::Database> database_;
  std::unique_ptr<events::EventLog> events_;
  std::vector<Replica> replicas_;
};

}  // namespace finalmile::testing
