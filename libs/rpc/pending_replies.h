#pragma once

#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <string_view>

#include "libs/base/pending.h"
#include "libs/base/step.h"

namespace finalmile::rpc {

// The calls of a server that wait: unary ones whose handler has returned and whose reply waits for something
// under way, and streams that have nothing to send now. They hold no thread. A unary call is completed by
// whoever sets its signal; streams, and the deadlines of all, are watched by one step. Thread-safe.
class PendingReplies final : public Step {
  struct Shared;

 public:
  // Given the outcome; called once, when the Pending has been destroyed, and without a lock.
  using Done = std::function<void(const absl::Status&)>;

  // The signal of a unary call, which may outlive the server.
  class Reply final : public Signal, public std::enable_shared_from_this<Reply> {
   public:
    explicit Reply(std::shared_ptr<Shared> shared) : shared_(std::move(shared)) {}
    // Calls `done` if there is an outcome by now.
    void Set() override { End(nullptr); }

   private:
    friend class PendingReplies;
    // With its outcome if it has one, else with what `otherwise` gives; null: then it goes on waiting.
    void End(const std::function<absl::Status(Pending&)>& otherwise);

    const std::shared_ptr<Shared> shared_;
    // Guarded by the mutex of `shared_`. `pending_` is null before Await and after the end.
    std::unique_ptr<Pending> pending_;
    Done done_;
    std::multimap<absl::Duration, std::shared_ptr<Reply>>::iterator place_;
  };

  // `clock` outlives it.
  explicit PendingReplies(Clock& clock);
  // Drops what still waits without a word.
  ~PendingReplies() override;

  std::shared_ptr<Reply> NewReply() const { return std::make_shared<Reply>(shared_); }
  // `pending` was started with `reply` as its signal. `done` is called by Reply::Set as soon as there is an
  // outcome, or by Run with what GiveUp says once `deadline` (steady) has come; by Await itself when it is
  // over already; by Close with CANCELLED.
  void Await(const std::shared_ptr<Reply>& reply, std::unique_ptr<Pending> pending, absl::Duration deadline,
             Done done);

  // An event that wakes the step too: for a stream. It must not outlive this object.
  std::unique_ptr<WaitEvent> NewWake();
  // A stream waits for `pending`, which looks at its event. `done` is called as Await says, but by Run.
  void AwaitStream(std::unique_ptr<Pending> pending, absl::Duration deadline, Done done);

  // Ends every call that waits, and from now on each one that is added. Not during Run.
  void Close();

  std::string_view name() const override { return "rpc.pending"; }
  absl::Duration Run() override;
  WaitEvent& wake() override { return *wake_; }

 private:
  struct Stream {
    std::unique_ptr<Pending> pending;
    absl::Duration deadline;
    Done done;
  };
  using Streams = std::list<Stream>;

  struct Shared {
    std::mutex mutex;
    bool closed = false;
    // By deadline.
    std::multimap<absl::Duration, std::shared_ptr<Reply>> replies;
    Streams added;
    // When Run is due, unless it is woken.
    absl::Duration due = absl::InfiniteDuration();
  };

  // Those whose deadline is not after `until`.
  std::list<std::shared_ptr<Reply>> RepliesUntil(absl::Duration until);

  Clock& clock_;
  const std::unique_ptr<WaitEvent> wake_;
  const std::shared_ptr<Shared> shared_;
  // Used by Run alone.
  Streams streams_;
};

}  // namespace finalmile::rpc
