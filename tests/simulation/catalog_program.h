#pragma once

#include <memory>
#include <string>

#include "libs/testing/faulty_cache.h"
#include "tests/simulation/service_program.h"

namespace finalmile::simulation {

// S of the near caches.
inline constexpr absl::Duration kStaleness = absl::Seconds(30);

// One life of a process of the catalog service, a ServiceProgram. `index` is the process's own file; `cache`
// outlives the program. Null when it could not start.
std::unique_ptr<Program> StartCatalog(Servers& servers, testing::CacheServer& cache, const std::string& index,
                                      testing::Simulation::Process& process);

}  // namespace finalmile::simulation
