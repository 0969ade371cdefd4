#include "libs/rpc/memory_budget.h"

#include <malloc.h>

namespace finalmile::rpc {
namespace {

constexpr int64_t kTrimAfter = 32 << 20;

}  // namespace

bool MemoryBudget::TryTake(int64_t bytes) {
  int64_t taken = taken_.load();
  do {
    if (bytes > most_ - taken) return false;
  } while (!taken_.compare_exchange_weak(taken, taken + bytes));
  return true;
}

void MemoryBudget::GiveBack(int64_t bytes) {
  taken_ -= bytes;
  if (given_back_.fetch_add(bytes) + bytes < kTrimAfter) return;
  given_back_ = 0;
  malloc_trim(0);
}

}  // namespace finalmile::rpc
