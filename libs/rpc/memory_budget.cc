#include "libs/rpc/memory_budget.h"

namespace finalmile::rpc {

bool MemoryBudget::TryTake(int64_t bytes, int64_t reserve) {
  int64_t taken = taken_.load();
  do {
    if (bytes > most_ - reserve - taken) return false;
  } while (!taken_.compare_exchange_weak(taken, taken + bytes));
  return true;
}

}  // namespace finalmile::rpc
