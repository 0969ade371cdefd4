#include "libs/testing/simulation.h"

#include <fmt/format.h>

#include <algorithm>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <mutex>
#include <thread>
#include <utility>

namespace finalmile::testing {
namespace {

constexpr absl::Duration kLongestFreeze = absl::Minutes(1);
constexpr absl::Duration kLongestDelay = absl::Seconds(2);
// Real time after which a task that keeps the baton is taken to hang.
constexpr std::chrono::seconds kStall(60);

uint64_t Mix(uint64_t hash, uint64_t value) {
  hash ^= value + 0x9E3779B97F4A7C15u + (hash << 6) + (hash >> 2);
  return hash * 0xBF58476D1CE4E5B9u;
}

uint64_t HashOf(std::string_view text) {
  uint64_t hash = 0xCBF29CE484222325u;
  for (const char c : text) hash = (hash ^ static_cast<uint8_t>(c)) * 0x100000001B3u;
  return hash;
}

}  // namespace

Faults Faults::Draw(Rng& rng) {
  const auto kind = [&rng](double frequent) {
    const uint64_t level = rng.Below(4);
    return level == 0 ? 0 : level == 1 ? frequent / 10 : level == 2 ? frequent / 3 : frequent;
  };
  Faults faults;
  faults.crash = kind(0.01);
  faults.freeze = kind(0.003);
  faults.delay = kind(0.03);
  faults.fail = kind(0.05);
  faults.lose_reply = kind(0.05);
  faults.conflict = kind(0.05);
  faults.expel = kind(0.02);
  return faults;
}

class Simulation::SimulatedEvent final : public WaitEvent {
 public:
  explicit SimulatedEvent(Simulation& simulation) : simulation_(simulation) {}

  void Set() override { set_ = true; }
  void Clear() override { set_ = false; }
  bool WaitUntil(absl::Duration deadline) override {
    simulation_.Wait("wait", this, deadline);
    return set_;
  }
  bool set() const { return set_; }

 private:
  Simulation& simulation_;
  bool set_ = false;
};

class Simulation::SimulatedClock final : public Clock {
 public:
  SimulatedClock(Simulation& simulation, absl::Duration skew) : simulation_(simulation), skew_(skew) {}

  absl::Time Now() const override {
    return absl::FromUnixSeconds(1'750'000'000) + simulation_.now_ + simulation_.wall_shift_ + skew_;
  }
  absl::Duration Steady() const override { return simulation_.now_; }
  std::unique_ptr<WaitEvent> NewWaitEvent() override { return std::make_unique<SimulatedEvent>(simulation_); }

 private:
  Simulation& simulation_;
  const absl::Duration skew_;
};

struct Simulation::Task {
  int id = 0;
  std::string name;
  // On whose behalf it runs now.
  Process* process = nullptr;
  bool in_engine = false;
  bool ended = false;
  std::string where = "start";
  SimulatedEvent* event = nullptr;
  absl::Duration deadline = absl::ZeroDuration();
  std::thread thread;

  std::mutex mutex;
  std::condition_variable given;
  bool baton = false;
};

Simulation::Simulation(uint64_t seed, Options options)
    : options_(std::move(options)),
      schedule_(NewSeededRng(seed * 4)),
      fault_(NewSeededRng(seed * 4 + 1)),
      rng_(NewSeededRng(seed * 4 + 2)),
      give_way_(std::vector<double>{0.05, 0.3, 1}[schedule_->Below(3)]),
      clock_(std::make_unique<SimulatedClock>(*this, absl::ZeroDuration())),
      ended_(clock_->NewWaitEvent()) {
  auto director = std::make_unique<Task>();
  director->name = "director";
  running_ = director.get();
  tasks_.push_back(std::move(director));
}

Simulation::~Simulation() { Reap(); }

Clock& Simulation::clock() { return *clock_; }

void Simulation::Spawn(std::string name, std::function<void()> body) {
  Start(std::move(name), nullptr, std::move(body));
}

Simulation::Task& Simulation::Start(std::string name, Process* process, std::function<void()> body) {
  Reap();
  auto owned = std::make_unique<Task>();
  Task& task = *owned;
  task.id = ++last_task_;
  task.name = std::move(name);
  task.process = process;
  if (process != nullptr) ++process->active_;
  tasks_.push_back(std::move(owned));
  task.thread = std::thread([this, &task, body = std::move(body)] {
    Take(task);
    try {
      ThrowIfCrashed(task);
      body();
    } catch (const ProcessCrashed&) {
    }
    if (task.process != nullptr) task.process->Left();
    task.process = nullptr;
    task.ended = true;
    ended_->Set();
    task.where = "end";
    PassBaton(task);
  });
  return task;
}

void Simulation::Reap() {
  std::erase_if(tasks_, [](const std::unique_ptr<Task>& task) {
    if (!task->ended) return false;
    task->thread.join();
    return true;
  });
}

void Simulation::JoinAll() {
  const auto others = [this] {
    return std::any_of(tasks_.begin(), tasks_.end(),
                       [this](const auto& task) { return !task->ended && task.get() != running_; });
  };
  while (others()) {
    ended_->Clear();
    ended_->WaitUntil(absl::InfiniteDuration());
  }
  Reap();
}

void Simulation::Sleep(absl::Duration duration) { Wait("sleep", nullptr, now_ + duration); }
void Simulation::Point(std::string_view what) { Wait(what, nullptr, absl::ZeroDuration()); }

void Simulation::Gate(std::string_view what) {
  Point(what);
  if (Strikes(faults_.delay)) Wait(what, nullptr, now_ + fault_->Uniform() * kLongestDelay);
  if (Strikes(faults_.freeze)) {
    running_->process->Freeze(fault_->Uniform() * kLongestFreeze);
    Point(what);
  }
  if (Strikes(faults_.crash)) running_->process->Crash();
}

bool Simulation::Strikes(double probability) {
  if (running_->process == nullptr || probability <= 0) return false;
  return fault_->Uniform() < probability;
}

void Simulation::Wait(std::string_view what, SimulatedEvent* event, absl::Duration deadline) {
  Task& self = *running_;
  self.where = what;
  self.event = event;
  self.deadline = deadline;
  PassBaton(self);
  self.event = nullptr;
  ThrowIfCrashed(self);
}

void Simulation::ThrowIfCrashed(const Task& task) const {
  if (task.process == nullptr || task.process->alive_ || task.in_engine) return;
  // A wait inside a destructor that runs because of the crash.
  if (std::uncaught_exceptions() > 0) return;
  throw ProcessCrashed();
}

bool Simulation::Runnable(const Task& task) const { return !task.ended && WakeTime(task) <= now_; }

absl::Duration Simulation::WakeTime(const Task& task) const {
  absl::Duration time = task.event != nullptr && task.event->set() ? absl::ZeroDuration() : task.deadline;
  if (task.process != nullptr) {
    if (!task.process->alive_ && !task.in_engine) return absl::ZeroDuration();
    time = std::max(time, task.process->frozen_until_);
  }
  return time;
}

void Simulation::PassBaton(Task& self) {
  now_ += absl::Microseconds(1 + schedule_->Below(100));
  std::vector<Task*> runnable;
  for (;;) {
    absl::Duration soonest = absl::InfiniteDuration();
    for (const auto& task : tasks_) {
      if (task->ended) continue;
      if (Runnable(*task)) runnable.push_back(task.get());
      soonest = std::min(soonest, WakeTime(*task));
    }
    if (!runnable.empty()) break;
    if (soonest == absl::InfiniteDuration()) Hang("deadlock: every task waits for another");
    now_ = soonest;
  }
  Task* next = &self;
  if (self.ended || !Runnable(self) || schedule_->Uniform() < give_way_) {
    next = runnable[schedule_->Below(runnable.size())];
  }
  hash_ = Mix(Mix(Mix(hash_, static_cast<uint64_t>(next->id)), HashOf(next->where)),
              static_cast<uint64_t>(absl::ToInt64Nanoseconds(now_)));
  if (options_.trace) {
    fmt::print(stderr, "{:>12.6f} {:<24} {}{}\n", absl::ToDoubleSeconds(now_), next->name, next->where,
               next->process != nullptr && !next->process->alive_ ? " (dead)" : "");
  }
  if (++points_ > options_.max_points) Hang("livelock: too many scheduling points");
  if (now_ > options_.max_time) Hang("livelock: too much simulated time");
  running_ = next;
  if (next == &self) return;
  {
    std::lock_guard lock(next->mutex);
    next->baton = true;
    // Under the lock: the task, and with it the condition, may be gone once it is released.
    next->given.notify_one();
  }
  if (!self.ended) Take(self);
}

void Simulation::Take(Task& task) {
  std::unique_lock lock(task.mutex);
  while (!task.baton) {
    const int64_t before = points_;
    if (task.given.wait_for(lock, kStall) == std::cv_status::timeout && task.id == 0 && !task.baton &&
        points_ == before) {
      Hang("a task keeps the baton: it waits outside WaitEvent::WaitUntil, or loops");
    }
  }
  task.baton = false;
}

std::string Simulation::Dump() const {
  std::string text = fmt::format("at {} after {} scheduling points:\n", absl::FormatDuration(now_), points_);
  for (const auto& task : tasks_) {
    if (task->ended) continue;
    std::string state = task.get() == running_ ? "runs" : "waits";
    if (task->event != nullptr) state += task->event->set() ? " for an event that is set" : " for an event";
    if (task->deadline != absl::ZeroDuration()) state += " until " + absl::FormatDuration(task->deadline);
    if (task->in_engine) state += ", inside an engine";
    if (task->process != nullptr) {
      state += ", in process " + task->process->name();
      if (!task->process->alive_) state += " (crashed)";
      if (task->process->frozen_until_ > now_) state += " (frozen)";
    }
    text += fmt::format("  {:<28} at {}: {}\n", task->name, task->where, state);
  }
  return text;
}

void Simulation::Hang(std::string_view why) const {
  fmt::print(stderr, "{}\n{}{}\n", why, Dump(), options_.replay);
  std::fflush(stderr);
  // The tasks' threads cannot be ended: each may stand inside an engine.
  std::_Exit(1);
}

Simulation::EngineScope::EngineScope(Simulation& simulation)
    : task_(*simulation.running_), before_(std::exchange(task_.in_engine, true)) {}
Simulation::EngineScope::~EngineScope() { task_.in_engine = before_; }

Simulation::CallbackScope::CallbackScope(Simulation& simulation)
    : task_(*simulation.running_), before_(std::exchange(task_.in_engine, false)) {}
Simulation::CallbackScope::~CallbackScope() { task_.in_engine = before_; }

Simulation::Process::Process(Simulation& simulation, std::string name, absl::Duration skew)
    : simulation_(simulation),
      name_(std::move(name)),
      rng_(NewSeededRng(simulation.schedule_->Next())),
      clock_(std::make_unique<SimulatedClock>(simulation, skew)),
      quiet_(clock_->NewWaitEvent()) {}

Simulation::Process::~Process() = default;

Clock& Simulation::Process::clock() { return *clock_; }

void Simulation::Process::Run(Step& step) {
  steps_.push_back(&step);
  simulation_.Start(fmt::format("{}/{}", name_, step.name()), this, [this, &step] {
    while (!stopping_) {
      const absl::Duration next = step.Run();
      step.wake().WaitUntil(next);
      step.wake().Clear();
    }
  });
}

bool Simulation::Process::Serve(const std::function<void()>& call) {
  if (!alive_ || stopping_) return false;
  Task& task = *simulation_.running_;
  Process* const before = std::exchange(task.process, this);
  ++active_;
  bool done = true;
  try {
    call();
  } catch (const ProcessCrashed&) {
    done = false;
  }
  task.process = before;
  Left();
  return done;
}

void Simulation::Process::Crash() {
  alive_ = false;
  frozen_until_ = absl::ZeroDuration();
  if (active_ == 0) quiet_->Set();
  simulation_.ThrowIfCrashed(*simulation_.running_);
}

void Simulation::Process::Freeze(absl::Duration duration) {
  frozen_until_ = std::max(frozen_until_, simulation_.now_ + duration);
}

void Simulation::Process::Stop() {
  stopping_ = true;
  if (active_ == 0) quiet_->Set();
  for (Step* step : steps_) step->wake().Set();
}

void Simulation::Process::Join() {
  // The event may be set by an earlier moment without work.
  while (active_ > 0 || (alive_ && !stopping_)) {
    quiet_->WaitUntil(absl::InfiniteDuration());
    quiet_->Clear();
  }
}

void Simulation::Process::Left() {
  if (--active_ == 0) quiet_->Set();
}

}  // namespace finalmile::testing
