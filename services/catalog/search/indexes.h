#pragma once

#include <atomic>
#include <memory>

#include "services/catalog/search/index.h"

namespace finalmile::catalog::search {

// The indexes of a process. They are two rather than one with a filter: reps' searches are neither slowed by
// drafts nor corrected to words that occur in drafts alone.
struct Indexes {
  // The published version of what reps are given now.
  std::unique_ptr<Index> shelf;
  // The newest version of every asset, whatever its state.
  std::unique_ptr<Index> newest;
  // Every asset was looked at since the process began.
  std::atomic<bool> filled = false;
};

}  // namespace finalmile::catalog::search
