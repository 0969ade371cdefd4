#pragma once

#include <atomic>
#include <memory>

#include "services/catalog/search/index.h"

namespace finalmile::catalog::search {

// What a process searches. Two indexes rather than one with a filter: what reps search is neither slowed by
// drafts nor corrected to words that stand in drafts alone.
struct Indexes {
  // The published version of what reps are given now.
  std::unique_ptr<Index> shelf;
  // The newest version of every asset, whatever its state.
  std::unique_ptr<Index> newest;
  // Every asset was looked at since the process began.
  std::atomic<bool> filled = false;
};

}  // namespace finalmile::catalog::search
