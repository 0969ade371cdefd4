#pragma once

#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>

#include "libs/base/clock.h"
#include "libs/base/log.h"
#include "libs/base/step.h"
#include "libs/storage/database.h"

// Work that one process per store does: relay, timers, rescoring. A process takes part in one Election for
// each store; a LeaderStep runs each task while the election is won. All tasks work on the one session that
// holds the lock, so that each of their transactions commits only while this process leads, even after it was
// frozen; they take turns there, and a task waits at most for one transaction of each other task.
namespace finalmile::outbox {

// How long a task may wait until it looks for work again although nothing woke it: a notification may be lost
// (storage::Transaction::Notify).
inline constexpr absl::Duration kLookAgain = absl::Seconds(10);
// The deadline of a leader's transaction, from its call on: time for the transactions that come before it. It
// runs for at most the leadership's heartbeat interval itself.
inline constexpr absl::Duration kTurnTimeout = absl::Seconds(10);

class LeaderTask {
 public:
  virtual ~LeaderTask() = default;
  // Names it within its service: "relay".
  virtual std::string_view name() const = 0;
  // One bounded piece of work, in transactions of `leadership` only. Returns when it wants to run next
  // (steady; see Step::Run); it is not run earlier unless it is woken or this process has become the leader.
  // An error is logged and answered by backing off.
  virtual absl::StatusOr<absl::Duration> Run(storage::Leadership& leadership) = 0;
  // Channel whose notifications wake it; empty: none.
  virtual std::string_view channel() const { return {}; }
};

// This process's part in electing the leader of a store. It asks for the lock every heartbeat interval, on
// one session that it keeps, and beats once it leads, however long the tasks take.
class Election final : public Step {
 public:
  // The references outlive the election. `service` names the lock and, in logs, the step: "leads".
  Election(std::string_view service, storage::Database& database, Clock& clock, Log& log);

  std::string_view service() const { return service_; }
  std::string_view name() const override { return name_; }
  absl::Duration Run() override;
  // Set to have the lock looked at now.
  WaitEvent& wake() override { return *wake_; }

  // What this process leads by; null while another process leads. For one run of a task: a lost leadership is
  // given back, and the session closed, when nobody uses it any more. Thread-safe.
  std::shared_ptr<storage::Leadership> leadership() const;

  // `event` is set whenever this process becomes the leader, from Add until Remove. Thread-safe.
  void Add(WaitEvent& event);
  void Remove(WaitEvent& event);

 private:
  absl::Duration Try();
  absl::Duration Fail(std::string_view what, const absl::Status& status);

  const std::string service_;
  const std::string name_;
  storage::Database& database_;
  Clock& clock_;
  Log& log_;
  const std::unique_ptr<WaitEvent> wake_;
  int failures_ = 0;
  // Guards what follows.
  mutable std::mutex mutex_;
  std::shared_ptr<storage::Leadership> leadership_;
  std::set<WaitEvent*> events_;
};

// Runs a task while this process leads.
class LeaderStep final : public Step {
 public:
  // The references outlive the step.
  LeaderStep(Election& election, storage::Database& database, Clock& clock, Log& log,
             std::unique_ptr<LeaderTask> task);
  ~LeaderStep() override;

  std::string_view name() const override { return name_; }
  absl::Duration Run() override;
  WaitEvent& wake() override { return *wake_; }

  // Whether this process leads now. Thread-safe.
  bool is_leader() const { return election_.leadership() != nullptr; }

 private:
  const std::string name_;
  Election& election_;
  Clock& clock_;
  Log& log_;
  const std::unique_ptr<WaitEvent> wake_;
  const std::unique_ptr<LeaderTask> task_;
  std::unique_ptr<storage::Subscription> subscription_;
  int failures_ = 0;
};

}  // namespace finalmile::outbox
