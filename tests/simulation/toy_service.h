#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "libs/outbox/consumer.h"
#include "libs/outbox/handler.h"
#include "libs/outbox/leader.h"
#include "libs/outbox/sender.h"
#include "libs/testing/logs.h"
#include "tests/simulation/world.h"

// The smallest service that does all that libs/outbox is for: counters that are added to, and their copies.
namespace finalmile::simulation {

using testing::Simulation;

std::span<const storage::Migration> ToyMigrations();

inline const std::string kCounters = "toy.counters";
inline const std::string kNotes = "toy.notes";

// The first character of an event's value, before its amount.
inline constexpr char kPlain = 'p';
inline constexpr char kRefused = 'r';   // the handler fails with a fault of the record
inline constexpr char kSetAside = 's';  // the handler parks the record
inline constexpr char kInternal = 'i';  // the handler fails with INTERNAL, which holds the batch

// What is common to the processes of one run.
struct ToyWorld {
  Simulation& simulation;
  Servers& servers;
  testing::NullLog log;
  bool healed = false;
  // (key, seq) that an operator gave up, or tried to, with their amounts.
  std::map<std::pair<std::string, int64_t>, int64_t> skipped;
  std::vector<std::string> violations;
};

// The number in an event's value.
int64_t AmountOf(std::string_view value);

// Carries events over to the copies, and fails as their values say.
class CopyHandler final : public outbox::Handler {
 public:
  explicit CopyHandler(ToyWorld& world) : world_(world) {}
  absl::Status Apply(storage::Transaction& transaction, outbox::Batch& batch) override;

 private:
  absl::Status Copy(storage::Transaction& transaction, const events::Record& record, int64_t seq);

  ToyWorld& world_;
};

class ToyProgram final : public Program {
 public:
  ToyProgram(ToyWorld& world, Simulation::Process& process);

  std::vector<Step*> steps() override;

  const std::unique_ptr<storage::Database> database;
  const std::unique_ptr<events::EventLog> log;

 private:
  CopyHandler handler_;
  // Null: the relay sends everything.
  const std::unique_ptr<outbox::Sender> sender_;
  outbox::Election election_;
  outbox::LeaderStep relay_;

 public:
  outbox::Consumer consumer;
};

// One addition as its client knows it.
struct Addition {
  std::string request;
  std::string key;
  std::vector<std::string> values;
};

// Makes the addition and its events in one transaction, once per request id.
absl::Status Add(ToyProgram& program, Simulation::Process& process, const Addition& addition);

}  // namespace finalmile::simulation
