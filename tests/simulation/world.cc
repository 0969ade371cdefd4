#include "tests/simulation/world.h"

#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>

namespace finalmile::simulation {
namespace {

// The world's own files must work; a run that cannot even begin says nothing.
void Check(const absl::Status& status, std::string_view what) {
  if (status.ok()) return;
  fmt::print(stderr, "simulation: {}: {}\n", what, status.ToString());
  std::exit(2);
}

template <class T>
T Check(absl::StatusOr<T> value, std::string_view what) {
  Check(value.status(), what);
  return *std::move(value);
}

bool MayPass(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDeadlineExceeded:
    case absl::StatusCode::kAborted:
    case absl::StatusCode::kCancelled:
    case absl::StatusCode::kUnknown:
      return true;
    default:
      return false;
  }
}

}  // namespace

std::filesystem::path MemoryDisk() {
  namespace fs = std::filesystem;
  return fs::is_directory("/dev/shm") ? fs::path("/dev/shm") : fs::temp_directory_path();
}

Servers::Servers(testing::Simulation& simulation, const std::vector<Component>& components,
                 const std::vector<events::TopicSpec>& topics)
    : simulation_(simulation) {
  Clock& clock = simulation.clock();
  store_ = Check(storage::Open("sqlite:" + folder_.path() + "/store.db", clock, {}), "open the store");
  for (const auto& [name, migrations] : components) {
    Check(storage::Migrate(*store_, clock, name, migrations), "migrate the store");
  }
  log_ = Check(events::Open("local:" + folder_.path() + "/events.db", clock), "open the event log");
  Check(log_->ApplyTopics(topics, clock.Steady() + absl::Minutes(1)), "make the topics");
  database_server_ = std::make_unique<testing::DatabaseServer>(simulation, *store_);
  log_server_ = std::make_unique<testing::EventLogServer>(simulation, *log_);
}

Servers::~Servers() {
  log_server_.reset();
  database_server_.reset();
  log_.reset();
  store_.reset();
}

std::vector<storage::Row> Servers::Query(std::string_view sql) {
  std::vector<storage::Row> rows;
  Check(store_->Transact({.deadline = simulation_.clock().Steady() + absl::Hours(1), .read_only = true},
                         [&](storage::Transaction& transaction) {
                           auto result = transaction.Execute(sql);
                           if (result.ok()) rows = std::move(result->rows);
                           return result.status();
                         }),
        sql);
  return rows;
}

std::vector<events::Record> Servers::ReadTopic(const std::string& topic) {
  const auto wake = simulation_.clock().NewWaitEvent();
  const auto tail = Check(log_->OpenTail({topic}, events::TailFrom::kStart,
                                         simulation_.clock().Steady() + absl::Seconds(10), *wake),
                          "open a tail");
  std::vector<events::Record> records;
  while (!tail->caught_up()) {
    for (events::Record& record : Check(tail->Poll(1000), "read a topic"))
      records.push_back(std::move(record));
  }
  return records;
}

int64_t Servers::Lag(std::string_view consumer, const std::string& topic) {
  auto lag = static_cast<int64_t>(ReadTopic(topic).size());
  for (const storage::Row& row : Query("SELECT consumer, topic, next_offset FROM consumer_offsets")) {
    if (row.Text(0) == consumer && row.Text(1) == topic) lag -= row.Int(2);
  }
  return lag;
}

Replica::Replica(testing::Simulation& simulation, std::string name, Starter start)
    : simulation_(simulation), name_(std::move(name)), start_(std::move(start)) {
  simulation_.Spawn("supervisor of " + name_, [this] { Supervise(); });
}

void Replica::Supervise() {
  Rng& rng = simulation_.rng();
  while (!stopping_) {
    testing::Simulation::Process process(simulation_, name_, (rng.Uniform() - 0.5) * absl::Seconds(4));
    std::unique_ptr<Program> program;
    process.Serve([&] { program = start_(process); });
    if (program == nullptr || stopping_) {
      process.Crash();
    } else {
      process_ = &process;
      program_ = program.get();
      for (Step* step : program->steps()) process.Run(*step);
    }
    process.Join();
    process_ = nullptr;
    program_ = nullptr;
    simulation_.Sleep(rng.Uniform() * absl::Seconds(5));
  }
}

bool Replica::Serve(const std::function<void(Program&, testing::Simulation::Process&)>& call) {
  if (process_ == nullptr) return false;
  Program& program = *program_;
  testing::Simulation::Process& process = *process_;
  return process.Serve([&] { call(program, process); });
}

void Replica::Crash() {
  if (process_ != nullptr) process_->Crash();
}

void Replica::Freeze(absl::Duration duration) {
  if (process_ != nullptr) process_->Freeze(duration);
}

void Replica::Stop() {
  stopping_ = true;
  if (process_ != nullptr) process_->Stop();
}

Replica& AnyOf(testing::Simulation& simulation, const Replicas& replicas) {
  return *replicas[simulation.rng().Below(replicas.size())];
}

uint64_t Meddle(testing::Simulation& simulation, const Replicas& replicas, absl::Duration pause,
                uint64_t choices) {
  Rng& rng = simulation.rng();
  simulation.Sleep(rng.Uniform() * pause);
  Replica& replica = AnyOf(simulation, replicas);
  const uint64_t choice = rng.Below(choices);
  if (choice == 0) replica.Crash();
  if (choice == 1) replica.Freeze(rng.Uniform() * absl::Minutes(1));
  return choice;
}

std::optional<absl::Status> Persist(
    testing::Simulation& simulation, const Replicas& replicas,
    const std::function<absl::Status(Program&, testing::Simulation::Process&)>& call) {
  Rng& rng = simulation.rng();
  while (rng.Below(30) != 0) {
    absl::Status status;
    const bool served =
        AnyOf(simulation, replicas).Serve([&](Program& program, testing::Simulation::Process& process) {
          status = call(program, process);
        });
    if (served && !MayPass(status)) return status;
    simulation.Sleep(rng.Uniform() * absl::Seconds(1));
  }
  return std::nullopt;
}

}  // namespace finalmile::simulation
