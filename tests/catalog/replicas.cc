#include "tests/catalog/replicas.h"

#include <fmt/format.h>
#include <httplib.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "libs/app/deployment.h"
#include "libs/base/status.h"
#include "services/catalog/wiring.h"

namespace finalmile::catalog {
namespace {

constexpr absl::Duration kPatience = absl::Seconds(30);

}  // namespace

absl::StatusOr<std::unique_ptr<Replicas>> Replicas::Start(testing::PostgresServer& postgres,
                                                          testing::KafkaBroker& kafka,
                                                          const Options& options) {
  auto world = std::unique_ptr<Replicas>(new Replicas());
  world->clock_ = NewSystemClock();
  world->rng_ = NewSystemRng();
  world->options_ = options;
  ASSIGN_OR_RETURN(const std::string name, postgres.CreateDatabase());
  world->store_ = postgres.tcp_url(name);
  world->events_url_ = kafka.url();
  Clock& clock = *world->clock_;
  ASSIGN_OR_RETURN(world->database_, storage::Open(world->store_, clock, {}));
  ASSIGN_OR_RETURN(world->events_, events::Open(world->events_url_, clock));
  RETURN_IF_ERROR(app::MigrateStore(kModule, *world->database_, clock));
  ASSIGN_OR_RETURN(const std::vector<events::TopicSpec> topics, app::TopicsOf({&kModule}));
  RETURN_IF_ERROR(world->events_->ApplyTopics(topics, clock.Steady() + kPatience));
  world->replicas_.resize(kCount);
  for (int i = 0; i < kCount; ++i) {
    Replica& replica = world->replicas_[static_cast<size_t>(i)];
    replica.port = testing::FreePort();
    replica.admin = testing::FreePort();
    RETURN_IF_ERROR(world->Launch(i));
    replica.channel =
        rpc::NewGrpcChannel({.target = fmt::format("127.0.0.1:{}", replica.port)}, clock, *world->rng_);
  }
  return world;
}

Replicas::~Replicas() {
  for (Replica& replica : replicas_) replica.process.reset();
}

absl::Status Replicas::Launch(int replica) {
  Replica& one = replicas_[static_cast<size_t>(replica)];
  const std::string data = folder_.path() + "/" + std::to_string(replica);
  ASSIGN_OR_RETURN(one.process, testing::Process::Start(
                                    {FINALMILE_CATALOG_BINARY, "--store", store_, "--events", events_url_,
                                     "--catalog-cache", options_.cache, "--catalog-cache-ttl",
                                     absl::FormatDuration(options_.staleness), "--data", data, "--listen",
                                     fmt::format("127.0.0.1:{}", one.port), "--admin",
                                     fmt::format("127.0.0.1:{}", one.admin), "--drain", "2s"},
                                    folder_.path() + "/log"));
  if (one.process->ReadLine().ok()) return absl::OkStatus();
  std::ifstream log(folder_.path() + "/log");
  std::stringstream text;
  text << log.rdbuf();
  return absl::InternalError("a replica did not start: " + text.str());
}

absl::StatusOr<v1::Asset> Replicas::Get(int replica, const std::string& name, int64_t version,
                                        int64_t min_revision) {
  v1::GetAssetRequest request;
  request.set_name(name);
  request.set_version(version);
  request.set_min_revision(min_revision);
  return Call<v1::Asset>(replica, "GetAsset", request);
}

double Replicas::Metric(int replica, std::string_view name, std::string_view label) {
  httplib::Client client("127.0.0.1", replicas_[static_cast<size_t>(replica)].admin);
  const httplib::Result answer = client.Get("/metrics");
  if (!answer) return -1;
  std::istringstream lines(answer->body);
  double sum = 0;
  for (std::string line; std::getline(lines, line);) {
    const size_t space = line.rfind(' ');
    if (space == std::string::npos || line.substr(0, line.find_first_of("{ ")) != name) continue;
    if (line.find(label) < space) sum += std::strtod(line.c_str() + space, nullptr);
  }
  return sum;
}

absl::Status Replicas::Crash(int replica) {
  replicas_[static_cast<size_t>(replica)].process->Kill();
  return Launch(replica);
}

bool Replicas::Until(const std::function<bool()>& done) {
  const absl::Duration give_up = clock_->Steady() + kPatience;
  while (!done()) {
    if (clock_->Steady() >= give_up) return false;
    Pause(absl::Milliseconds(20));
  }
  return true;
}

void Replicas::Pause(absl::Duration span) { clock_->NewWaitEvent()->WaitUntil(clock_->Steady() + span); }

}  // namespace finalmile::catalog
