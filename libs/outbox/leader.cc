#include "libs/outbox/leader.h"

#include <algorithm>

#include <fmt/format.h>

namespace finalmile::outbox {
namespace {

constexpr absl::Duration kLockTimeout = absl::Seconds(2);
constexpr absl::Duration kFollowInterval = absl::Seconds(1);

}  // namespace

LeaderStep::LeaderStep(std::string_view prefix, storage::Database& database, Clock& clock, Log& log,
                       std::unique_ptr<LeaderTask> task)
    : name_(fmt::format("{}.{}", prefix, task->name())),
      database_(database),
      clock_(clock),
      log_(log),
      wake_(clock.NewEvent()),
      task_(std::move(task)) {
  if (!task_->channel().empty()) subscription_ = database_.Subscribe(task_->channel(), *wake_);
}

LeaderStep::~LeaderStep() = default;

bool LeaderStep::leads() const {
  std::lock_guard lock(mutex_);
  return leads_;
}

void LeaderStep::Follow() {
  leadership_.reset();
  std::lock_guard lock(mutex_);
  leads_ = false;
}

absl::Duration LeaderStep::Fail(std::string_view what, const absl::Status& status) {
  failures_ = std::min(failures_ + 1, 6);
  log_.Warning(what, {{"step", name_}, {"error", status.ToString()}});
  return clock_.Steady() + absl::Milliseconds(50) * (1 << failures_);
}

absl::Duration LeaderStep::Run() {
  if (!leadership_) {
    auto leadership = database_.Lead(task_->name(), clock_.Steady() + kLockTimeout);
    if (absl::IsFailedPrecondition(leadership.status())) return clock_.Steady() + kFollowInterval;
    if (!leadership.ok()) return Fail("cannot try for the leader lock", leadership.status());
    leadership_ = *std::move(leadership);
    beat_due_ = clock_.Steady() + leadership_->heartbeat_interval();
    std::lock_guard lock(mutex_);
    leads_ = true;
  }
  const absl::Duration beat = leadership_->heartbeat_interval();
  // A wake may stand for anything that was written: look, whatever was due before.
  auto due = task_->Run(*leadership_);
  if (!due.ok()) {
    const absl::Duration next = Fail("leader task failed", due.status());
    if (absl::IsUnavailable(due.status()) && !leadership_->Heartbeat(clock_.Steady() + beat).ok()) Follow();
    return std::min(next, clock_.Steady() + beat);
  }
  failures_ = 0;
  if (clock_.Steady() >= beat_due_) {
    if (absl::Status alive = leadership_->Heartbeat(clock_.Steady() + beat); !alive.ok()) {
      Follow();
      return Fail("lost the leader lock", alive);
    }
    beat_due_ = clock_.Steady() + beat;
  }
  return *due <= clock_.Steady() ? absl::ZeroDuration() : std::min(*due, beat_due_);
}

}  // namespace finalmile::outbox
