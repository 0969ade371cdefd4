#pragma once

#include <memory>

#include "libs/cache/cache.h"
#include "libs/testing/simulation.h"

namespace finalmile::testing {

// A cache's server as simulated processes see it: one open cache, which outlives them, behind sessions whose
// calls meet the simulation's faults.
//
// What a fault does follows the contract of cache::Cache: a failed call may have had its effect; a feed loses
// what it should have told, with or (as a frozen listener does) without noticing it.
class CacheServer {
 public:
  // `cache` was opened on the simulation's clock.
  CacheServer(Simulation& simulation, cache::Cache& cache) : simulation_(simulation), cache_(cache) {}

  // The cache as one process sees it. It must not outlive the server.
  std::unique_ptr<cache::Cache> Connect();

 private:
  class Session;
  class FaultyFeed;

  Simulation& simulation_;
  cache::Cache& cache_;
};

}  // namespace finalmile::testing
