#pragma once

#include <cstdio>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/app/module.h"
#include "libs/config/config.h"

namespace finalmile::app {

struct SuiteOptions {
  // Constants that outlive the suite; at least one.
  std::vector<const ModuleSpec*> modules;
  // Loaded with SchemaFor(modules).
  config::Config config;
  // Where the log goes; stays open longer than the suite.
  std::FILE* log_output = stderr;
  // How long Start waits for what is away now and may come: a store that does not answer or that still has to
  // be migrated, topics that are missing. An event log on servers that does not answer is not waited for
  // where this is not zero: the suite serves without it. Zero: Start fails at once.
  absl::Duration patience = absl::ZeroDuration();
  // Ends that wait when it is set, Start with CANCELLED; null: nothing does. Outlives Start.
  WaitEvent* stop = nullptr;

  // Stand-ins for what the suite makes otherwise; they outlive it. Stores by module, opened already.
  Clock* clock = nullptr;
  Rng* rng = nullptr;
  events::EventLog* events = nullptr;
  std::map<std::string, storage::Database*, std::less<>> databases = {};
};

// The most sessions of PostgreSQL that one service takes in one process: one for each thread that answers
// calls, four for background steps, which rarely meet, and storage::kOtherSessions. With the default of 16
// threads these are 22. Two replicas of four services may so hold 176, more than the 97 that PostgreSQL gives
// out by default (max_connections 100, less the 3 that it keeps for administrators): deploy/README.md.
constexpr int SessionsOf(int threads) { return threads + 4 + storage::kOtherSessions; }

// One or several services in one process: each has its own store, they share an event log, a gRPC port, an
// admin port, and the threads. It serves finalmile.v1.OperationsService beside the services' own.
// Thread-safe, but for Stop.
//
// Start: admin port → stores → event log → topics (local log; else they are checked) → migrations (SQLite;
// else the schema is checked) → modules → gRPC → background steps → health SERVING → the embedded stores'
// lock files say where. Until then `/readyz` fails and says what Start waits for, and so does a line of the
// log each minute. From then on `/readyz` and gRPC's health are one, and say SERVING until Stop: a store or
// an event log that is away later is a note in `/readyz`, a metric, and UNAVAILABLE for the calls that need
// it. Stop: health NOT_SERVING → calls are answered for the time of the lame duck → calls drain → steps end
// at a commit point → everything is closed, in the reverse order.
class Suite {
 public:
  // Blocks for SuiteOptions::patience and some seconds at most. Errors are one line that names the service,
  // the thing and what to do. INVALID_ARGUMENT: a setting is wrong; others: something it needs is not as it
  // should be, and waiting does not mend it, or was not to mend it.
  static absl::StatusOr<std::unique_ptr<Suite>> Start(SuiteOptions options);
  // Stop().
  ~Suite();
  Suite(const Suite&) = delete;
  Suite& operator=(const Suite&) = delete;

  // Where to call it: "127.0.0.1:7000". A wildcard host is given as loopback.
  const std::string& address() const;
  // The address of the admin port; empty when there is none.
  const std::string& admin_address() const;
  // The addresses of the stores, by module, and of the event log; empty for what was given opened.
  const std::map<std::string, std::string, std::less<>>& stores() const;
  const std::string& events() const;

  // Returns when everything has ended: after the settings `lame-duck` and `drain` at the latest, plus a
  // step's Run. Once is enough.
  void Stop();

 private:
  class Impl;
  explicit Suite(std::unique_ptr<Impl> impl);
  const std::unique_ptr<Impl> impl_;
};

}  // namespace finalmile::app
