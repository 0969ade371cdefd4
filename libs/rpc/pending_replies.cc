#include "libs/rpc/pending_replies.h"

#include <algorithm>
#include <optional>

namespace finalmile::rpc {
namespace {

class RelayingEvent final : public WaitEvent {
 public:
  RelayingEvent(std::unique_ptr<WaitEvent> own, WaitEvent& step) : own_(std::move(own)), step_(step) {}
  void Set() override {
    own_->Set();
    step_.Set();
  }
  void Clear() override { own_->Clear(); }
  bool WaitUntil(absl::Duration deadline) override { return own_->WaitUntil(deadline); }

 private:
  const std::unique_ptr<WaitEvent> own_;
  WaitEvent& step_;
};

}  // namespace

std::unique_ptr<WaitEvent> PendingReplies::NewWake() {
  return std::make_unique<RelayingEvent>(clock_.NewWaitEvent(), *wake_);
}

void PendingReplies::Add(std::unique_ptr<Pending> pending, absl::Duration deadline, Done done) {
  std::optional<absl::Status> outcome = pending->Outcome();
  if (!outcome) {
    std::lock_guard lock(mutex_);
    if (!closed_) {
      Replies one;
      one.push_back({std::move(pending), deadline, std::move(done)});
      // Run may have been woken by this one before it could be found.
      const bool early = one.front().pending->Outcome().has_value() || deadline < due_;
      added_.splice(added_.end(), one);
      if (early) wake_->Set();
      return;
    }
    outcome = absl::CancelledError("the server is stopping");
  }
  pending.reset();
  done(*outcome);
}

absl::Duration PendingReplies::Run() {
  {
    std::lock_guard lock(mutex_);
    waiting_.splice(waiting_.end(), added_);
    due_ = -absl::InfiniteDuration();
  }
  const absl::Duration now = clock_.Steady();
  absl::Duration due = absl::InfiniteDuration();
  for (auto reply = waiting_.begin(); reply != waiting_.end();) {
    std::optional<absl::Status> outcome = reply->pending->Outcome();
    if (!outcome && reply->deadline <= now) outcome = reply->pending->GiveUp();
    if (!outcome) {
      due = std::min(due, reply->deadline);
      ++reply;
      continue;
    }
    reply->pending.reset();
    reply->done(*outcome);
    reply = waiting_.erase(reply);
  }
  std::lock_guard lock(mutex_);
  for (const Reply& reply : added_) due = std::min(due, reply.deadline);
  due_ = due;
  return due;
}

void PendingReplies::Close() {
  {
    std::lock_guard lock(mutex_);
    closed_ = true;
    waiting_.splice(waiting_.end(), added_);
  }
  for (Reply& reply : waiting_) {
    reply.pending.reset();
    reply.done(absl::CancelledError("the server is stopping"));
  }
  waiting_.clear();
}

}  // namespace finalmile::rpc
