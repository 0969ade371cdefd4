#include "tests/catalog/replicas.h"

#include <httplib.h>

#include <cstdlib>
#include <sstream>

#include "libs/base/status.h"
#include "services/catalog/wiring.h"

namespace finalmile::catalog {
namespace {

constexpr absl::Duration kPatience = absl::Seconds(30);

}  // namespace

absl::StatusOr<std::unique_ptr<Replicas>> Replicas::Start(testing::PostgresServer& postgres,
                                                          testing::KafkaBroker& kafka,
                                                          const Options& options) {
  ASSIGN_OR_RETURN(const std::string name, postgres.CreateDatabase());
  ASSIGN_OR_RETURN(auto replicas, testing::Replicas::Start(
                                      {.service = &kModule,
                                       .program = FINALMILE_CATALOG_BINARY,
                                       .store = postgres.tcp_url(name),
                                       .events = kafka.url(),
                                       .flags = {"--catalog-cache", options.cache, "--catalog-cache-ttl",
                                                 absl::FormatDuration(options.staleness), "--drain", "2s"},
                                       .count = kCount}));
  return std::unique_ptr<Replicas>(new Replicas(std::move(replicas)));
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
  httplib::Client client("127.0.0.1", replicas_->admin_port(replica));
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

bool Replicas::Until(const std::function<bool()>& done) {
  const absl::Duration give_up = clock().Steady() + kPatience;
  while (!done()) {
    if (clock().Steady() >= give_up) return false;
    Pause(absl::Milliseconds(20));
  }
  return true;
}

void Replicas::Pause(absl::Duration span) { clock().NewWaitEvent()->WaitUntil(clock().Steady() + span); }

}  // namespace finalmile::catalog
