#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "libs/base/clock.h"
#include "libs/base/random.h"
#include "libs/base/step.h"

// Runs real code of several processes in one, in simulated time, in an order chosen by a seed.
//
// Every task has a thread of its own, but only the holder of a baton runs. Each wait on a WaitEvent and each
// call through a decorator (faulty_database.h, faulty_event_log.h) is a scheduling point, where the baton
// goes to a task that the seed picks. When all wait, time jumps to the next deadline. So a run depends on its
// seed alone, which trace_hash() shows.
namespace finalmile::testing {

// Thrown out of scheduling points to end the tasks of a crashed process. Nothing but the simulation catches
// it.
struct ProcessCrashed {};

// How probable each fault is at one decorated call of a simulated process.
struct Faults {
  // The process dies; what it had not committed is rolled back.
  double crash = 0;
  // The process stands still for up to a minute.
  double freeze = 0;
  // The call takes up to two seconds.
  double delay = 0;
  // UNAVAILABLE, and no effect.
  double fail = 0;
  // The effect, and then an error: a lost acknowledgement, or UNKNOWN on commit.
  double lose_reply = 0;
  // A transaction is rolled back and its function run again.
  double conflict = 0;
  // A session loses its leader lock, a consumer its partitions.
  double expel = 0;

  // A mix for one run: each kind is off, rare or frequent, so that runs differ in more than their order.
  static Faults Draw(Rng& rng);
};

class Simulation {
 public:
  class Process;

  struct Options {
    // More scheduling points, or more simulated time, is a livelock.
    int64_t max_points = 500'000;
    absl::Duration max_time = absl::Hours(24 * 365);
    // Prints every scheduling point.
    bool trace = false;
    // Printed when the run hangs: how to run it again.
    std::string replay = {};
  };

  // The calling thread becomes the first task, the director, and holds the baton.
  Simulation(uint64_t seed, Options options);
  // Every other task must have ended.
  ~Simulation();
  Simulation(const Simulation&) = delete;
  Simulation& operator=(const Simulation&) = delete;

  // The true time. Processes have clocks of their own.
  Clock& clock();
  // For the choices of the world: what clients do, when it rains.
  Rng& rng() { return *rng_; }
  Faults& faults() { return faults_; }
  // Moves the wall clocks of all processes, as an administrator would.
  void ShiftWallClock(absl::Duration by) { wall_shift_ += by; }

  // Starts a task that belongs to no process: a client, a supervisor. It may call into processes by
  // Process::Serve.
  void Spawn(std::string name, std::function<void()> body);
  // Waits until every task but the caller's own has ended.
  void JoinAll();
  void Sleep(absl::Duration duration);
  // A scheduling point.
  void Point(std::string_view what);

  // A scheduling point at a decorated call, where the process that makes it may be delayed, frozen or
  // crashed.
  void Gate(std::string_view what);
  // Whether a fault of this probability happens now to the running task; never to one without a process.
  bool Strikes(double probability);

  // While one lives the running task is inside an engine shared by processes, and a crash waits until it has
  // come out.
  class EngineScope;
  // While one lives the running task is back in its process's own code, called by the engine.
  class CallbackScope;

  // A hash over every scheduling decision so far.
  uint64_t trace_hash() const { return hash_; }
  int64_t points() const { return points_; }
  // Every task, where it stands and what it waits for.
  std::string Dump() const;

 private:
  class SimulatedEvent;
  class SimulatedClock;
  struct Task;

  Task& Start(std::string name, Process* process, std::function<void()> body);
  void Wait(std::string_view what, SimulatedEvent* event, absl::Duration deadline);
  void PassBaton(Task& self);
  void Take(Task& task);
  bool Runnable(const Task& task) const;
  absl::Duration WakeTime(const Task& task) const;
  void Reap();
  void ThrowIfCrashed(const Task& task) const;
  [[noreturn]] void Hang(std::string_view why) const;

  const Options options_;
  const std::unique_ptr<Rng> schedule_;
  const std::unique_ptr<Rng> fault_;
  const std::unique_ptr<Rng> rng_;
  Faults faults_;
  // How often a task that could go on has to give way.
  double give_way_;
  const std::unique_ptr<SimulatedClock> clock_;
  // Set when a task ends.
  const std::unique_ptr<WaitEvent> ended_;
  absl::Duration now_ = absl::Hours(1);
  absl::Duration wall_shift_ = absl::ZeroDuration();
  std::vector<std::unique_ptr<Task>> tasks_;
  Task* running_ = nullptr;
  int last_task_ = 0;
  // Read by the director's thread, without the baton, to notice that nothing moves.
  std::atomic<int64_t> points_ = 0;
  uint64_t hash_ = 0;
};

// One life of a process: its steps and the calls that it serves, which end together when it crashes.
class Simulation::Process {
 public:
  // `skew` sets its wall clock off from the true time.
  Process(Simulation& simulation, std::string name, absl::Duration skew = absl::ZeroDuration());
  // Nothing of it may run any more: Join first.
  ~Process();

  const std::string& name() const { return name_; }
  Clock& clock();
  Rng& rng() { return *rng_; }
  // False from the crash on.
  bool alive() const { return alive_; }

  // Runs the step as libs/app does, until Stop or a crash. It must outlive Join.
  void Run(Step& step);
  // Runs `call` on the calling task as work of this process. False: the process was down, or crashed before
  // the call had ended; what the call did may or may not have had an effect.
  bool Serve(const std::function<void()>& call);

  // Kills it. Its tasks end at their next scheduling point; when the caller is one of them, at once.
  void Crash();
  // Nothing of it runs until then.
  void Freeze(absl::Duration duration);
  // Ends its steps after the Run they are in. New calls are refused.
  void Stop();
  // Waits until it has stopped or crashed and nothing of it runs any more.
  void Join();

 private:
  friend class Simulation;

  void Left();

  Simulation& simulation_;
  const std::string name_;
  const std::unique_ptr<Rng> rng_;
  std::unique_ptr<SimulatedClock> clock_;
  std::vector<Step*> steps_;
  std::unique_ptr<WaitEvent> quiet_;
  bool alive_ = true;
  bool stopping_ = false;
  absl::Duration frozen_until_ = absl::ZeroDuration();
  // Tasks that run in it now.
  int active_ = 0;
};

class Simulation::EngineScope {
 public:
  explicit EngineScope(Simulation& simulation);
  ~EngineScope();

 private:
  Task& task_;
  const bool before_;
};

class Simulation::CallbackScope {
 public:
  explicit CallbackScope(Simulation& simulation);
  ~CallbackScope();

 private:
  Task& task_;
  const bool before_;
};

}  // namespace finalmile::testing
