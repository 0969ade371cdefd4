#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "services/finalmile/output/output.h"
#include "services/finalmile/session.h"

namespace finalmile::cli {

struct DemoOptions {
  uint64_t seed = 1;
  // Kept and then ready for `finalmile dev`; empty: a temporary folder that is removed.
  std::string data = {};
  int top = 5;
};

// Plays a sample quarter through the suite's own API in a store of its own, and shows what came out: the best
// leads with reasons that add up, who became sales-ready, what practice changed for the meetings, content
// that is found and filled in, how to go on. The figures depend on the seed alone. FAILED_PRECONDITION:
// `data` has a store already.
absl::Status PlayDemo(Session& session, const DemoOptions& options);

}  // namespace finalmile::cli
