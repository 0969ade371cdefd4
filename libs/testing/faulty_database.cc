#include "libs/testing/faulty_database.h"

#include <fmt/format.h>

#include <utility>
#include <vector>

namespace finalmile::testing {
namespace {

absl::Status ConnectionLost() {
  return absl::UnavailableError("simulated: the connection to the store was lost");
}

}  // namespace

struct DatabaseServer::Lock {
  std::string name;
  // A transaction of the holder keeps it while it runs.
  std::shared_ptr<storage::Leadership> held;
  absl::Duration last_heard;
  bool lost = false;

  void Lose() {
    lost = true;
    held.reset();
  }
};

// The statements of a transaction: each may find the connection lost, which the function cannot overlook.
class DatabaseServer::FaultyTransaction final : public storage::Transaction {
 public:
  using AfterCommits = std::vector<std::function<void()>>;

  FaultyTransaction(Simulation& simulation, storage::Transaction& inner, storage::Companion* companion,
                    AfterCommits& after_commits)
      : simulation_(simulation), inner_(inner), companion_(companion), after_commits_(after_commits) {}

  storage::Engine engine() const override { return inner_.engine(); }

  absl::StatusOr<storage::Result> Execute(std::string_view sql, std::vector<storage::Value> params) override {
    if (absl::Status lost = Gate(sql); !lost.ok()) return lost;
    Simulation::EngineScope engine(simulation_);
    return inner_.Execute(sql, std::move(params));
  }

  absl::StatusOr<storage::Result> ExecuteMany(std::string_view sql,
                                              const std::vector<storage::Row>& rows) override {
    if (absl::Status lost = Gate(sql); !lost.ok()) return lost;
    Simulation::EngineScope engine(simulation_);
    return inner_.ExecuteMany(sql, rows);
  }

  absl::Status Notify(std::string_view channel) override {
    return failure_.ok() ? inner_.Notify(channel) : failure_;
  }

  // What the process does then, it does when it has heard of the commit.
  void AfterCommit(std::function<void()> then) override { after_commits_.push_back(std::move(then)); }
  storage::Companion* companion() const override { return companion_; }

  absl::Status Gate(std::string_view what) {
    if (!failure_.ok()) return failure_;
    simulation_.Gate(what);
    // Statements are many: each is as likely to fail as a tenth of a call.
    if (simulation_.Strikes(simulation_.faults().fail / 10)) failure_ = ConnectionLost();
    return failure_;
  }

  const absl::Status& failure() const { return failure_; }

 private:
  Simulation& simulation_;
  storage::Transaction& inner_;
  storage::Companion* const companion_;
  AfterCommits& after_commits_;
  absl::Status failure_;
};

DatabaseServer::DatabaseServer(Simulation& simulation, storage::Database& database)
    : simulation_(simulation), database_(database) {}

bool DatabaseServer::Expired(const Lock& lock) const {
  return lock.lost || simulation_.clock().Steady() - lock.last_heard > 3 * lock.held->heartbeat_interval();
}

absl::Status DatabaseServer::Run(const storage::TransactOptions& options,
                                 const storage::TransactionFunction& function, storage::Companion* companion,
                                 Lock* lock) {
  simulation_.Gate(options.read_only ? "BEGIN read only" : "BEGIN");
  const Faults& faults = simulation_.faults();
  const std::shared_ptr<storage::Leadership> held = lock == nullptr ? nullptr : lock->held;
  if (lock != nullptr) {
    if (!lock->lost && (Expired(*lock) || simulation_.Strikes(faults.expel))) lock->Lose();
    if (lock->lost) return absl::UnavailableError("simulated: the leader's session has ended");
    lock->last_heard = simulation_.clock().Steady();
  }
  if (simulation_.Strikes(faults.fail)) {
    if (lock != nullptr) lock->Lose();
    return ConnectionLost();
  }
  for (;;) {
    bool crashed = false;
    bool again = false;
    FaultyTransaction::AfterCommits after_commits;
    const bool reply_lost = !options.read_only && simulation_.Strikes(faults.lose_reply);
    const storage::TransactionFunction guarded = [&](storage::Transaction& inner) -> absl::Status {
      Simulation::CallbackScope callback(simulation_);
      FaultyTransaction transaction(simulation_, inner, companion, after_commits);
      // Out of the engine an exception would leave its transaction open.
      try {
        absl::Status status = function(transaction);
        if (!transaction.failure().ok()) status = transaction.failure();
        if (status.ok()) {
          if (lock != nullptr && Expired(*lock)) lock->Lose();
          if (lock != nullptr && lock->lost) {
            status = absl::UnavailableError("simulated: the leader's session has ended");
          } else if (lock == nullptr && simulation_.Strikes(faults.conflict)) {
            again = true;
            status = absl::AbortedError("simulated: conflict");
          } else {
            status = transaction.Gate("COMMIT");
          }
        }
        return status;
      } catch (const ProcessCrashed&) {
        crashed = true;
        return absl::CancelledError("simulated: the process has crashed");
      }
    };
    absl::Status status;
    {
      Simulation::EngineScope engine(simulation_);
      status = database_.Transact(options, guarded);
    }
    if (crashed) throw ProcessCrashed();
    // The moment between the commit and its reply.
    simulation_.Gate("reply");
    if (lock != nullptr) lock->last_heard = simulation_.clock().Steady();
    if (again) continue;
    if (!status.ok()) {
      if (lock != nullptr && absl::IsUnavailable(status)) lock->Lose();
      return status;
    }
    if (!reply_lost) {
      for (const auto& then : after_commits) then();
      return status;
    }
    if (lock == nullptr && options.repeatable) continue;
    if (lock != nullptr) lock->Lose();
    return absl::UnknownError("simulated: the connection was lost during COMMIT");
  }
}

class DatabaseServer::FaultyLeadership final : public storage::Leadership {
 public:
  FaultyLeadership(DatabaseServer& server, storage::Companion* companion, std::shared_ptr<Lock> lock)
      : server_(server),
        companion_(companion),
        lock_(std::move(lock)),
        interval_(lock_->held->heartbeat_interval()) {}
  ~FaultyLeadership() override { lock_->Lose(); }

  absl::Status Transact(const storage::TransactOptions& options,
                        const storage::TransactionFunction& function) override {
    return server_.Run(options, function, companion_, lock_.get());
  }

  absl::Status Heartbeat(absl::Duration) override {
    Simulation& simulation = server_.simulation_;
    simulation.Gate("heartbeat");
    if (!lock_->lost && (server_.Expired(*lock_) || simulation.Strikes(simulation.faults().expel)))
      lock_->Lose();
    if (lock_->lost) return absl::UnavailableError("simulated: the leader's session has ended");
    lock_->last_heard = simulation.clock().Steady();
    return absl::OkStatus();
  }

  absl::Duration heartbeat_interval() const override { return interval_; }

 private:
  DatabaseServer& server_;
  storage::Companion* const companion_;
  const std::shared_ptr<Lock> lock_;
  const absl::Duration interval_;
};

class DatabaseServer::Session final : public storage::Database {
 public:
  explicit Session(DatabaseServer& server) : server_(server) {}

  storage::Engine engine() const override { return server_.database_.engine(); }

  absl::Status Transact(const storage::TransactOptions& options,
                        const storage::TransactionFunction& function) override {
    return server_.Run(options, function, companion_, nullptr);
  }

  absl::StatusOr<std::unique_ptr<storage::Leadership>> Elect(std::string_view name,
                                                             absl::Duration deadline) override {
    Simulation& simulation = server_.simulation_;
    simulation.Gate("elect");
    if (simulation.Strikes(simulation.faults().fail)) return ConnectionLost();
    const auto holder = server_.locks_.find(name);
    if (holder != server_.locks_.end() && !holder->second->lost && server_.Expired(*holder->second)) {
      holder->second->Lose();
    }
    auto taken = server_.database_.Elect(name, deadline);
    if (!taken.ok()) return taken.status();
    auto lock = std::make_shared<Lock>();
    lock->name = std::string(name);
    lock->held = *std::move(taken);
    lock->last_heard = simulation.clock().Steady();
    server_.locks_[lock->name] = lock;
    return std::make_unique<FaultyLeadership>(server_, companion_, std::move(lock));
  }

  std::unique_ptr<storage::Subscription> Subscribe(std::string_view channel, WaitEvent& event) override {
    return server_.database_.Subscribe(channel, event);
  }

  void SetCompanion(storage::Companion* companion) override { companion_ = companion; }

  std::vector<Step*> steps() override { return {}; }
  absl::Status Advertise(std::string_view) override { return absl::OkStatus(); }

 private:
  DatabaseServer& server_;
  storage::Companion* companion_ = nullptr;
};

std::unique_ptr<storage::Database> DatabaseServer::Connect() { return std::make_unique<Session>(*this); }

}  // namespace finalmile::testing
