#include "libs/testing/scripted_session.h"

#include <mutex>
#include <thread>
#include <utility>

#include "libs/base/status.h"

namespace finalmile::testing {
namespace {

constexpr absl::Duration kLimit = absl::Seconds(10);

struct Command {
  enum Kind { kStatement, kCommit, kRollback } kind;
  std::string sql;
  std::vector<storage::Value> params;
};

}  // namespace

struct ScriptedSession::State {
  State(storage::Database& database, Clock& clock)
      : database(database), clock(clock), commanded(clock.NewWaitEvent()), answered(clock.NewWaitEvent()) {}

  // The transaction, on its thread: takes commands until one ends it.
  absl::Status Serve(storage::Transaction& transaction) {
    if (std::exchange(served, true)) return absl::AbortedError("a conflict ended the scripted transaction");
    while (commanded->WaitUntil(clock.Steady() + kLimit)) {
      commanded->Clear();
      Command next;
      {
        std::lock_guard lock(mutex);
        next = std::move(command);
      }
      if (next.kind == Command::kCommit) return absl::OkStatus();
      if (next.kind == Command::kRollback) return absl::CancelledError("rolled back");
      Answer(transaction.Execute(next.sql, std::move(next.params)));
    }
    return absl::DeadlineExceededError("the scripted transaction got no command");
  }

  void Answer(absl::StatusOr<storage::Result> value) {
    {
      std::lock_guard lock(mutex);
      answer = std::move(value);
    }
    answered->Set();
  }

  void Order(Command next) {
    if (!thread.joinable()) {
      thread = std::thread([this] {
        outcome = database.Transact({.deadline = clock.Steady() + 3 * kLimit},
                                    [this](storage::Transaction& transaction) { return Serve(transaction); });
        Answer(outcome.ok() ? absl::StatusOr<storage::Result>(storage::Result()) : outcome);
      });
    }
    answered->Clear();
    {
      std::lock_guard lock(mutex);
      command = std::move(next);
    }
    commanded->Set();
  }

  absl::StatusOr<storage::Result> Await() {
    if (!answered->WaitUntil(clock.Steady() + kLimit))
      return absl::DeadlineExceededError("the statement did not end");
    std::lock_guard lock(mutex);
    return answer;
  }

  absl::Status End(Command::Kind kind) {
    if (!thread.joinable()) return absl::OkStatus();
    Order({kind, "", {}});
    thread.join();
    return outcome;
  }

  storage::Database& database;
  Clock& clock;
  const std::unique_ptr<WaitEvent> commanded;
  const std::unique_ptr<WaitEvent> answered;
  std::thread thread;
  bool served = false;
  // Read after the thread has been joined.
  absl::Status outcome;
  int64_t backend = 0;
  // Guards what follows.
  std::mutex mutex;
  Command command;
  absl::StatusOr<storage::Result> answer;
};

ScriptedSession::ScriptedSession(storage::Database& database, Clock& clock)
    : state_(std::make_unique<State>(database, clock)) {}

ScriptedSession::~ScriptedSession() { Rollback().IgnoreError(); }

absl::StatusOr<storage::Result> ScriptedSession::Execute(std::string_view sql,
                                                         std::vector<storage::Value> params) {
  state_->Order({Command::kStatement, std::string(sql), std::move(params)});
  return state_->Await();
}

absl::Status ScriptedSession::StartBlocked(std::string_view sql, std::vector<storage::Value> params) {
  if (state_->backend == 0) {
    ASSIGN_OR_RETURN(const storage::Result backend, Execute("SELECT CAST(pg_backend_pid() AS BIGINT)"));
    state_->backend = backend.rows[0].Int(0);
  }
  state_->Order({Command::kStatement, std::string(sql), std::move(params)});
  const absl::Duration give_up = state_->clock.Steady() + kLimit;
  bool waits = false;
  while (!waits) {
    if (state_->answered->WaitUntil(state_->clock.Steady() + absl::Milliseconds(5))) {
      return absl::FailedPreconditionError("the statement ended without waiting for a lock");
    }
    if (state_->clock.Steady() >= give_up)
      return absl::DeadlineExceededError("the statement neither ended nor waited");
    RETURN_IF_ERROR(state_->database.Transact(
        {.deadline = give_up}, [&](storage::Transaction& transaction) -> absl::Status {
          ASSIGN_OR_RETURN(
              const storage::Result row,
              transaction.Execute(
                  "SELECT COUNT(*) FROM pg_stat_activity WHERE pid = $1 AND wait_event_type = 'Lock'",
                  {state_->backend}));
          waits = row.rows[0].Int(0) == 1;
          return absl::OkStatus();
        }));
  }
  return absl::OkStatus();
}

absl::StatusOr<storage::Result> ScriptedSession::Await() { return state_->Await(); }
absl::Status ScriptedSession::Commit() { return state_->End(Command::kCommit); }
absl::Status ScriptedSession::Rollback() { return state_->End(Command::kRollback); }

}  // namespace finalmile::testing
