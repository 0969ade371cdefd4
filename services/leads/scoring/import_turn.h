#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "libs/base/clock.h"

namespace finalmile::leads::scoring {

// A message of an import, two of which are handled at once: the later one looks its rows up and takes them
// while the earlier one is stored, and writes nothing before that one is stored. So they are stored in order,
// and never wait for each other: the later one begins when the earlier one has locked all its leads.
// Thread-safe.
class ImportTurn {
 public:
  // `before`: the message before; null: it is stored. `keys`: what the rows are found by (KeysOf), in order.
  // `let_next` lets the next message begin. No wait goes beyond `deadline`, in steady time.
  ImportTurn(Clock& clock, std::shared_ptr<ImportTurn> before, std::vector<std::string> keys,
             std::function<void()> let_next, absl::Duration deadline);

  // Whether a row of each of the two messages may be the same lead: then the earlier one is awaited first.
  bool MayShareLeads() const;
  // Waits until the message before is stored. ABORTED: it will never be. DEADLINE_EXCEEDED.
  absl::Status AwaitBefore();
  // The transaction begins, for the first time or again. A conflict while the message before begins again,
  // whose leads this one may have locked.
  absl::Status Begin();
  // The transaction has locked all that it will.
  void HasLocked();
  // Whether the message before is stored, without a wait.
  bool MayWrite() const;
  // Waits until it is. A conflict when it begins again; the errors of AwaitBefore.
  absl::Status AwaitWrite();
  // The message is stored, or will never be. Only the first call counts.
  void End(bool stored);

 private:
  enum class State { kReads, kHasLocked, kAgain, kStored, kFailed };
  State state() const;
  // The next message may be stored, may never be, or must begin again.
  absl::Status Outcome() const;
  // Waits for an event of the message before, and returns its outcome.
  absl::Status Await(const std::unique_ptr<WaitEvent> ImportTurn::*event) const;

  const std::vector<std::string> keys_;
  const std::function<void()> let_next_;
  const absl::Duration deadline_;
  // It is set when the message ends.
  const std::unique_ptr<WaitEvent> ended_;
  // It is set when the message ends or begins again.
  const std::unique_ptr<WaitEvent> moved_;

  mutable std::mutex mutex_;
  State state_ = State::kReads;
  std::shared_ptr<ImportTurn> before_;
};

}  // namespace finalmile::leads::scoring
