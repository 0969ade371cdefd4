#pragma once

#include <list>
#include <memory>
#include <mutex>

#include "absl/time/time.h"
#include "libs/rpc/memory_budget.h"

struct grpc_call;

// Large answers on their way to callers. No part of the library's interface.
namespace finalmile::rpc {

// The calls whose large answers the transport has not taken yet, because their callers do not read them, and
// the memory of all large answers. Thread-safe.
class UnreadAnswers {
 public:
  struct Entry {
    grpc_call* call;
    absl::Duration since;
  };
  using Place = std::list<Entry>::iterator;

  UnreadAnswers(int64_t most_bytes, absl::Duration patience)
      : budget_(std::make_shared<MemoryBudget>(most_bytes)), patience_(patience) {}

  // Shared, since bytes may be on their way when the server is gone.
  const std::shared_ptr<MemoryBudget>& budget() const { return budget_; }

  // `call` is there until it has been removed.
  Place Add(grpc_call* call, absl::Duration now);
  void Remove(Place place);
  // Cancels the calls whose answers have been waiting for longer than the patience. What they held is given
  // back soon afterwards.
  void MakeRoom(absl::Duration now);

 private:
  const std::shared_ptr<MemoryBudget> budget_;
  const absl::Duration patience_;
  std::mutex mutex_;
  // The oldest first.
  std::list<Entry> entries_;
};

}  // namespace finalmile::rpc
