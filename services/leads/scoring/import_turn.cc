#include "services/leads/scoring/import_turn.h"

#include <utility>

#include "libs/storage/database.h"

namespace finalmile::leads::scoring {

ImportTurn::ImportTurn(Clock& clock, std::shared_ptr<ImportTurn> before, std::vector<std::string> keys,
                       std::function<void()> let_next, absl::Duration deadline)
    : keys_(std::move(keys)),
      let_next_(std::move(let_next)),
      deadline_(deadline),
      ended_(clock.NewWaitEvent()),
      moved_(clock.NewWaitEvent()),
      before_(std::move(before)) {}

ImportTurn::State ImportTurn::state() const {
  std::lock_guard lock(mutex_);
  return state_;
}

absl::Status ImportTurn::Outcome() const {
  switch (state()) {
    case State::kStored:
      return absl::OkStatus();
    case State::kFailed:
      return absl::AbortedError("the rows before these could not be stored");
    default:
      return storage::Conflict("the rows before these are taken again");
  }
}

bool ImportTurn::MayShareLeads() const {
  if (before_ == nullptr) return false;
  const std::vector<std::string>& others = before_->keys_;
  auto other = others.begin();
  for (const std::string& key : keys_) {
    while (other != others.end() && *other < key) ++other;
    if (other != others.end() && *other == key) return true;
  }
  return false;
}

absl::Status ImportTurn::Await(const std::unique_ptr<WaitEvent> ImportTurn::*event) const {
  if (before_ == nullptr) return absl::OkStatus();
  if (((*before_).*event)->WaitUntil(deadline_)) return before_->Outcome();
  return absl::DeadlineExceededError("the rows before these were not stored in time");
}

absl::Status ImportTurn::AwaitBefore() { return Await(&ImportTurn::ended_); }

absl::Status ImportTurn::Begin() {
  {
    std::lock_guard lock(mutex_);
    if (state_ == State::kHasLocked) {
      state_ = State::kAgain;
      moved_->Set();
    }
  }
  return before_ != nullptr && before_->state() == State::kAgain ? before_->Outcome() : absl::OkStatus();
}

void ImportTurn::HasLocked() {
  {
    std::lock_guard lock(mutex_);
    if (state_ == State::kReads) state_ = State::kHasLocked;
  }
  let_next_();
}

bool ImportTurn::MayWrite() const { return before_ == nullptr || before_->state() == State::kStored; }

absl::Status ImportTurn::AwaitWrite() { return Await(&ImportTurn::moved_); }

void ImportTurn::End(bool stored) {
  std::lock_guard lock(mutex_);
  if (state_ == State::kStored || state_ == State::kFailed) return;
  state_ = stored ? State::kStored : State::kFailed;
  before_ = nullptr;
  ended_->Set();
  moved_->Set();
}

}  // namespace finalmile::leads::scoring
