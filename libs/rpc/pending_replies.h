#pragma once

#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <string_view>

#include "libs/base/pending.h"
#include "libs/base/step.h"

namespace finalmile::rpc {

// The calls of a server that wait: unary ones whose handler has returned and whose reply waits for something
// under way, and streams that have nothing to send now. They hold no thread: one step watches all of them.
// Thread-safe.
class PendingReplies final : public Step {
 public:
  // Given the outcome; called once, when the Pending has been destroyed.
  using Done = std::function<void(const absl::Status&)>;

  // `clock` outlives it.
  explicit PendingReplies(Clock& clock) : clock_(clock), wake_(clock.NewWaitEvent()) {}

  // `pending` was started with wake(). `done` is called by Run as soon as there is an outcome, or with what
  // GiveUp says once `deadline` (steady) has come; by Add itself when it is over already; by Close with
  // CANCELLED.
  void Add(std::unique_ptr<Pending> pending, absl::Duration deadline, Done done);

  // An event that wakes the step too: for a stream, which looks at its own. Must not outlive this object.
  std::unique_ptr<WaitEvent> NewWake();

  // Ends every call that waits, and from now on each one that is added. Not during Run.
  void Close();

  std::string_view name() const override { return "rpc.pending"; }
  absl::Duration Run() override;
  WaitEvent& wake() override { return *wake_; }

 private:
  struct Reply {
    std::unique_ptr<Pending> pending;
    absl::Duration deadline;
    Done done;
  };
  using Replies = std::list<Reply>;

  Clock& clock_;
  const std::unique_ptr<WaitEvent> wake_;
  // Of Run alone.
  Replies waiting_;

  std::mutex mutex_;
  bool closed_ = false;
  Replies added_;
  // When Run is due, unless it is woken.
  absl::Duration due_ = absl::InfiniteDuration();
};

}  // namespace finalmile::rpc
