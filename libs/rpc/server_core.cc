#include "libs/rpc/server_core.h"

#include <algorithm>

#include "libs/rpc/errors.h"
#include "libs/rpc/wire_message.h"

namespace finalmile::rpc {
namespace {

constexpr int64_t kRequestMemory = 128 << 20;
// Lines about failed calls.
constexpr int kFailuresPerSecond = 20;

}  // namespace

ServerCore::ServerCore(const ServerOptions& options, const ServerDeps& deps,
                       const std::vector<const Service*>& services,
                       std::vector<std::unique_ptr<ServedMethod>> served)
    : options(options),
      deps(deps),
      health(services),
      methods(std::move(served)),
      admission(std::max(32, options.max_pending / 32), options.max_pending, options.target_wait),
      pending(deps.clock),
      standstill(deps.clock),
      streams(options.max_streams, options.max_streams_per_caller),
      watches(options.max_connections, options.max_connections),
      requests(std::max(kRequestMemory, (kMostGrowth + 4) * static_cast<int64_t>(options.max_message_bytes))),
      answers(std::max<int64_t>(options.answer_memory, 2 * static_cast<int64_t>(options.answers.most)),
              options.answer_patience),
      failures(deps.clock, kFailuresPerSecond),
      faults(deps.clock, kFailuresPerSecond),
      idle(deps.clock.NewWaitEvent()),
      unwatched(deps.clock.NewWaitEvent()) {
  for (auto& method : ServeOpenly(health.service())) methods.push_back(std::move(method));
}

absl::Status Overloaded(const ServerOptions& options) {
  return WithRetry(Error(absl::StatusCode::kResourceExhausted, "OVERLOADED",
                         "the server has more calls than it can carry: try again a little later"),
                   options.target_wait);
}

}  // namespace finalmile::rpc
