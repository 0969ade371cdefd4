#include "libs/rpc/pending_replies.h"

#include <algorithm>
#include <optional>
#include <utility>

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

PendingReplies::PendingReplies(Clock& clock)
    : clock_(clock), wake_(clock.NewWaitEvent()), shared_(std::make_shared<Shared>()) {}

PendingReplies::~PendingReplies() {
  std::list<std::pair<std::unique_ptr<Pending>, Done>> dropped;
  for (const auto& reply : RepliesUntil(absl::InfiniteDuration())) {
    std::lock_guard lock(shared_->mutex);
    if (reply->pending_ == nullptr) continue;
    dropped.emplace_back(std::move(reply->pending_), std::move(reply->done_));
    shared_->replies.erase(reply->place_);
  }
}

void PendingReplies::Reply::End(const std::function<absl::Status(Pending&)>& otherwise) {
  std::shared_ptr<Reply> kept;
  std::unique_ptr<Pending> pending;
  Done done;
  std::optional<absl::Status> outcome;
  {
    std::lock_guard lock(shared_->mutex);
    if (pending_ == nullptr) return;
    outcome = pending_->Outcome();
    if (!outcome && otherwise == nullptr) return;
    if (!outcome) outcome = otherwise(*pending_);
    kept = std::move(place_->second);
    shared_->replies.erase(place_);
    pending = std::move(pending_);
    done = std::move(done_);
  }
  pending.reset();
  done(*outcome);
}

void PendingReplies::Await(const std::shared_ptr<Reply>& reply, std::unique_ptr<Pending> pending,
                           absl::Duration deadline, Done done) {
  bool closed;
  bool early = false;
  {
    std::lock_guard lock(shared_->mutex);
    closed = shared_->closed;
    reply->pending_ = std::move(pending);
    reply->done_ = std::move(done);
    reply->place_ = shared_->replies.emplace(deadline, reply);
    early = deadline < shared_->due;
  }
  // It may have been signalled before it could be found.
  if (closed) return reply->End([](Pending&) { return absl::CancelledError("the server is stopping"); });
  reply->End(nullptr);
  if (early) wake_->Set();
}

std::unique_ptr<WaitEvent> PendingReplies::NewWake() {
  return std::make_unique<RelayingEvent>(clock_.NewWaitEvent(), *wake_);
}

void PendingReplies::AwaitStream(std::unique_ptr<Pending> pending, absl::Duration deadline, Done done) {
  std::optional<absl::Status> outcome = pending->Outcome();
  if (!outcome) {
    std::lock_guard lock(shared_->mutex);
    if (!shared_->closed) {
      Streams one;
      one.push_back({std::move(pending), deadline, std::move(done)});
      // Run may have been woken by this one before it could be found.
      const bool early = one.front().pending->Outcome().has_value() || deadline < shared_->due;
      shared_->added.splice(shared_->added.end(), one);
      if (early) wake_->Set();
      return;
    }
    outcome = absl::CancelledError("the server is stopping");
  }
  pending.reset();
  done(*outcome);
}

std::list<std::shared_ptr<PendingReplies::Reply>> PendingReplies::RepliesUntil(absl::Duration until) {
  std::list<std::shared_ptr<Reply>> found;
  std::lock_guard lock(shared_->mutex);
  const auto end = shared_->replies.upper_bound(until);
  for (auto reply = shared_->replies.begin(); reply != end; ++reply) found.push_back(reply->second);
  return found;
}

absl::Duration PendingReplies::Run() {
  {
    std::lock_guard lock(shared_->mutex);
    streams_.splice(streams_.end(), shared_->added);
    shared_->due = -absl::InfiniteDuration();
  }
  const absl::Duration now = clock_.Steady();
  for (const auto& reply : RepliesUntil(now)) reply->End([](Pending& pending) { return pending.GiveUp(); });
  absl::Duration due = absl::InfiniteDuration();
  for (auto stream = streams_.begin(); stream != streams_.end();) {
    std::optional<absl::Status> outcome = stream->pending->Outcome();
    if (!outcome && stream->deadline <= now) outcome = stream->pending->GiveUp();
    if (!outcome) {
      due = std::min(due, stream->deadline);
      ++stream;
      continue;
    }
    stream->pending.reset();
    stream->done(*outcome);
    stream = streams_.erase(stream);
  }
  std::lock_guard lock(shared_->mutex);
  for (const Stream& stream : shared_->added) due = std::min(due, stream.deadline);
  if (!shared_->replies.empty()) due = std::min(due, shared_->replies.begin()->first);
  shared_->due = due;
  return due;
}

void PendingReplies::Close() {
  {
    std::lock_guard lock(shared_->mutex);
    shared_->closed = true;
    streams_.splice(streams_.end(), shared_->added);
  }
  const absl::Status stopping = absl::CancelledError("the server is stopping");
  for (const auto& reply : RepliesUntil(absl::InfiniteDuration()))
    reply->End([&](Pending&) { return stopping; });
  for (Stream& stream : streams_) {
    stream.pending.reset();
    stream.done(stopping);
  }
  streams_.clear();
}

}  // namespace finalmile::rpc
