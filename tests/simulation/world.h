#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "libs/events/event_log.h"
#include "libs/storage/database.h"
#include "libs/storage/migrate.h"
#include "libs/testing/faulty_database.h"
#include "libs/testing/faulty_event_log.h"
#include "libs/testing/simulation.h"
#include "libs/testing/temporary_folder.h"

namespace finalmile::simulation {

// What a run of a world came to.
struct Outcome {
  // What should hold and did not, for people.
  std::vector<std::string> violations;
  uint64_t trace_hash = 0;
  int64_t points = 0;
  absl::Duration simulated = absl::ZeroDuration();
};

struct RunOptions {
  bool trace = false;
  // How to run this seed again.
  std::string replay;
};

// Plays one seed.
using World = Outcome (*)(uint64_t seed, const RunOptions& options);

// Writers, relay and consumers on libs/outbox alone.
Outcome RunOutboxWorld(uint64_t seed, const RunOptions& options);
// The leads service in two processes, through its API.
Outcome RunLeadsWorld(uint64_t seed, const RunOptions& options);
// The catalog service in two processes, through its API.
Outcome RunCatalogWorld(uint64_t seed, const RunOptions& options);
// The appointments service in two processes, through its API: its requests, and its meetings.
Outcome RunAppointmentsWorld(uint64_t seed, const RunOptions& options);
Outcome RunMeetingsWorld(uint64_t seed, const RunOptions& options);
// The coaching service in two processes, through its API.
Outcome RunCoachingWorld(uint64_t seed, const RunOptions& options);

// Steady time after which a world that has no faults any more should have come to rest.
inline constexpr absl::Duration kSettleLimit = absl::Hours(1);

// Where folders lie on memory, if there is such a disk.
std::filesystem::path MemoryDisk();

// A store and an event log in files of their own on tmpfs, removed at the end, with servers in front of them.
class Servers {
 public:
  using Component = std::pair<std::string_view, std::span<const storage::Migration>>;

  Servers(testing::Simulation& simulation, const std::vector<Component>& components,
          const std::vector<events::TopicSpec>& topics);
  ~Servers();

  // What simulated processes connect to.
  testing::DatabaseServer& database() { return *database_server_; }
  testing::EventLogServer& events() { return *log_server_; }

  // What really stands there, without faults.
  storage::Database& store() { return *store_; }
  events::EventLog& log() { return *log_; }
  // The rows of a query on the store.
  std::vector<storage::Row> Query(std::string_view sql);
  // Everything in a topic, in order of offset per partition.
  std::vector<events::Record> ReadTopic(const std::string& topic);
  // Records of the topic that `consumer` has not passed.
  int64_t Lag(std::string_view consumer, const std::string& topic);

 private:
  testing::Simulation& simulation_;
  const testing::TemporaryFolder folder_{MemoryDisk()};
  std::unique_ptr<storage::Database> store_;
  std::unique_ptr<events::EventLog> log_;
  std::unique_ptr<testing::DatabaseServer> database_server_;
  std::unique_ptr<testing::EventLogServer> log_server_;
};

// What one life of a process holds in memory. Destroyed some time after its crash, as a server notices only
// later that a client has gone.
class Program {
 public:
  virtual ~Program() = default;
  virtual std::vector<Step*> steps() = 0;
};

// A process that is started again after each crash.
class Replica {
 public:
  // Builds the program; nullptr: it could not start, which is tried again.
  using Starter = std::function<std::unique_ptr<Program>(testing::Simulation::Process&)>;

  // Runs until Stop, in a task of its own; JoinAll waits for it.
  Replica(testing::Simulation& simulation, std::string name, Starter start);

  // Runs `call` in the process. False: it was down, or crashed meanwhile.
  bool Serve(const std::function<void(Program&, testing::Simulation::Process&)>& call);
  void Crash();
  void Freeze(absl::Duration duration);
  void Stop();

 private:
  void Supervise();

  testing::Simulation& simulation_;
  const std::string name_;
  const Starter start_;
  testing::Simulation::Process* process_ = nullptr;
  Program* program_ = nullptr;
  bool stopping_ = false;
};

using Replicas = std::vector<std::unique_ptr<Replica>>;

Replica& AnyOf(testing::Simulation& simulation, const Replicas& replicas);

// Pauses for up to `pause`, draws a number below `choices`, which is at least 2, and returns it. At 0 it
// crashes a replica, and at 1 it freezes one for up to a minute; what the other numbers do is the caller's.
uint64_t Meddle(testing::Simulation& simulation, const Replicas& replicas, absl::Duration pause,
                uint64_t choices);

// What a client does to have a call answered: asks any replica, and again after a crash or an error that may
// pass. The final answer; nothing when the client has lost patience, and then the call may or may not have
// had an effect.
std::optional<absl::Status> Persist(
    testing::Simulation& simulation, const Replicas& replicas,
    const std::function<absl::Status(Program&, testing::Simulation::Process&)>& call);

}  // namespace finalmile::simulation
