#pragma once

#include <optional>
#include <type_traits>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/base/clock.h"
#include "libs/outbox/leader.h"
#include "libs/storage/database.h"
#include "libs/storage/transact.h"

namespace finalmile::outbox {

// How many rows a background task takes into one transaction: as many as take about kTarget, so that nothing
// waits long for the locks, nor for the leadership. A transaction that took longer halves the number; one
// that was full and took less than half of the time raises it by an eighth. It begins with an eighth of the
// most. Not thread-safe.
class ChunkSize {
 public:
  static constexpr absl::Duration kTarget = absl::Milliseconds(100);

  // `most` >= 1.
  explicit ChunkSize(int most);

  // 1 to most.
  int rows() const { return rows_; }
  // A transaction took so long; InfiniteDuration: it was given up. `full`: there were rows() or more rows.
  void Took(absl::Duration duration, bool full);

 private:
  const int most_;
  int rows_;
};

// What a task did in a transaction, where that is all there is to say of it.
struct Chunk {
  // There were as many rows as it might take.
  bool full = false;
};

// Runs `function` with chunk.rows() in a transaction of `leadership`, and has `chunk` learn how long it took
// once its turn had come. `function` takes at most so many rows and returns a StatusOr of
// what it did, which has a member `full` as Chunk has; so does RunChunk. Errors as Leadership::Transact.
template <class Function>
std::invoke_result_t<Function&, storage::Transaction&, int> RunChunk(storage::Leadership& leadership,
                                                                     Clock& clock, ChunkSize& chunk,
                                                                     Function function) {
  std::optional<absl::Duration> begun;
  auto done = storage::Transact(leadership, {.deadline = clock.Steady() + kTurnTimeout},
                                [&](storage::Transaction& transaction) {
                                  begun = clock.Steady();
                                  return function(transaction, chunk.rows());
                                });
  if (begun && absl::IsDeadlineExceeded(done.status())) chunk.Took(absl::InfiniteDuration(), true);
  if (done.ok()) chunk.Took(clock.Steady() - *begun, done->full);
  return done;
}

}  // namespace finalmile::outbox
