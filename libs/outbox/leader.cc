#include "libs/outbox/leader.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace finalmile::outbox {
namespace {

constexpr absl::Duration kLockTimeout = absl::Seconds(2);
constexpr absl::Duration kFollowInterval = absl::Seconds(1);

// 100 ms after the first failure in a row, doubling up to `most`.
absl::Duration Pause(int& failures, absl::Duration most) {
  failures = std::min(failures + 1, 6);
  return std::min(absl::Milliseconds(50) * (1 << failures), most);
}

}  // namespace

Election::Election(std::string_view service, storage::Database& database, Clock& clock, Log& log)
    : service_(service),
      name_(fmt::format("{}.election", service)),
      database_(database),
      clock_(clock),
      log_(log),
      wake_(clock.NewWaitEvent()) {}

std::shared_ptr<storage::Leadership> Election::leadership() const {
  std::lock_guard lock(mutex_);
  return leadership_;
}

void Election::Add(WaitEvent& event) {
  std::lock_guard lock(mutex_);
  events_.insert(&event);
}

void Election::Remove(WaitEvent& event) {
  std::lock_guard lock(mutex_);
  events_.erase(&event);
}

absl::Duration Election::Run() {
  const std::shared_ptr<storage::Leadership> held = leadership();
  if (held == nullptr) return Try();
  const absl::Duration next = clock_.Steady() + held->heartbeat_interval();
  const absl::Status alive = held->Heartbeat(next);
  if (alive.ok()) return next;
  {
    std::lock_guard lock(mutex_);
    leadership_.reset();
  }
  return Fail("lost the leadership", alive);
}

absl::Duration Election::Try() {
  auto elected = database_.Elect(service_, clock_.Steady() + kLockTimeout);
  if (absl::IsFailedPrecondition(elected.status())) {
    failures_ = 0;
    return clock_.Steady() + kFollowInterval;
  }
  if (!elected.ok()) return Fail("cannot ask for the leadership", elected.status());
  failures_ = 0;
  const absl::Duration next = clock_.Steady() + (*elected)->heartbeat_interval();
  std::lock_guard lock(mutex_);
  leadership_ = *std::move(elected);
  for (WaitEvent* event : events_) event->Set();
  return next;
}

absl::Duration Election::Fail(std::string_view what, const absl::Status& status) {
  log_.Warning(what, {{"step", name_}, {"error", status.ToString()}});
  return clock_.Steady() + Pause(failures_, kFollowInterval);
}

LeaderStep::LeaderStep(Election& election, storage::Database& database, Clock& clock, Log& log,
                       std::unique_ptr<LeaderTask> task)
    : name_(fmt::format("{}.{}", election.service(), task->name())),
      election_(election),
      clock_(clock),
      log_(log),
      wake_(clock.NewWaitEvent()),
      task_(std::move(task)) {
  election_.Add(*wake_);
  if (!task_->channel().empty()) subscription_ = database.Subscribe(task_->channel(), *wake_);
}

LeaderStep::~LeaderStep() { election_.Remove(*wake_); }

absl::Duration LeaderStep::Run() {
  const std::shared_ptr<storage::Leadership> leadership = election_.leadership();
  if (leadership == nullptr) return absl::InfiniteDuration();
  const auto next = task_->Run(*leadership);
  if (next.ok()) {
    failures_ = 0;
    return *next;
  }
  log_.Warning("leader task failed", {{"step", name_}, {"error", next.status().ToString()}});
  // Whatever failed, the session may have.
  election_.wake().Set();
  return clock_.Steady() + Pause(failures_, absl::Seconds(3.2));
}

}  // namespace finalmile::outbox
