#include "libs/testing/replicas.h"

#include <fmt/format.h>

#include <fstream>
#include <sstream>
#include <utility>

#include "libs/app/deployment.h"
#include "libs/base/status.h"

namespace finalmile::testing {
namespace {

constexpr absl::Duration kPatience = absl::Seconds(30);

}  // namespace

Replicas::Replicas(Options options)
    : options_(std::move(options)), clock_(NewSystemClock()), rng_(NewSystemRng()) {
  if (options_.sound_store.empty()) options_.sound_store = options_.store;
  if (options_.log.empty()) options_.log = folder_.path() + "/log";
}

Replicas::~Replicas() {
  for (Replica& replica : replicas_) replica.process.reset();
}

absl::StatusOr<std::unique_ptr<Replicas>> Replicas::Start(Options options) {
  auto replicas = std::unique_ptr<Replicas>(new Replicas(std::move(options)));
  const Options& given = replicas->options_;
  Clock& clock = *replicas->clock_;
  ASSIGN_OR_RETURN(replicas->database_, storage::Open(given.sound_store, clock, {}));
  ASSIGN_OR_RETURN(replicas->events_, events::Open(given.events, clock));
  RETURN_IF_ERROR(app::MigrateStore(*given.service, *replicas->database_, clock));
  ASSIGN_OR_RETURN(const std::vector<events::TopicSpec> topics, app::TopicsOf({given.service}));
  RETURN_IF_ERROR(replicas->events_->ApplyTopics(topics, clock.Steady() + kPatience));
  replicas->replicas_.resize(static_cast<size_t>(given.count));
  for (int i = 0; i < given.count; ++i) {
    Replica& replica = replicas->replicas_[static_cast<size_t>(i)];
    replica.port = FreePort();
    replica.admin = FreePort();
    RETURN_IF_ERROR(replicas->Launch(i));
    replica.channel =
        rpc::NewGrpcChannel({.target = fmt::format("127.0.0.1:{}", replica.port)}, clock, *replicas->rng_);
  }
  return replicas;
}

absl::Status Replicas::Launch(int replica) {
  Replica& one = replicas_[static_cast<size_t>(replica)];
  std::vector<std::string> arguments = {options_.program,
                                        "--store",
                                        options_.store,
                                        "--events",
                                        options_.events,
                                        "--data",
                                        fmt::format("{}/{}", folder_.path(), replica),
                                        "--listen",
                                        fmt::format("127.0.0.1:{}", one.port),
                                        "--admin",
                                        fmt::format("127.0.0.1:{}", one.admin)};
  arguments.insert(arguments.end(), options_.flags.begin(), options_.flags.end());
  ASSIGN_OR_RETURN(one.process, Process::Start(std::move(arguments), options_.log));
  // It says on one line that it serves.
  if (one.process->ReadLine().ok()) return absl::OkStatus();
  std::ifstream log(options_.log);
  std::stringstream text;
  text << log.rdbuf();
  return absl::InternalError("a replica did not start: " + text.str());
}

absl::Status Replicas::Crash(int replica) {
  process(replica).Kill();
  return Launch(replica);
}

absl::Status Replicas::Restart(int replica) {
  if (const int code = process(replica).Terminate(); code != 0) {
    return absl::FailedPreconditionError(
        fmt::format("SIGTERM ended a replica with code {}; see {}", code, options_.log));
  }
  return Launch(replica);
}

}  // namespace finalmile::testing
