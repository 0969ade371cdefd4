#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "finalmile/catalog/v1/catalog_service.pb.h"
#include "libs/base/clock.h"
#include "libs/base/random.h"
#include "libs/events/event_log.h"
#include "libs/rpc/client.h"
#include "libs/storage/database.h"
#include "libs/testing/kafka_broker.h"
#include "libs/testing/postgres_server.h"
#include "libs/testing/process.h"
#include "libs/testing/redis_server.h"
#include "libs/testing/temporary_folder.h"

namespace finalmile::catalog {

// Two replicas of finalmile-catalog, each a process, on a database of their own.
class Replicas {
 public:
  static constexpr int kCount = 2;

  struct Options {
    // catalog-cache, catalog-cache-ttl.
    std::string cache;
    absl::Duration staleness = absl::Seconds(30);
  };
  // The topic of `kafka` outlives the replicas: whoever reads it tells assets apart by their names.
  static absl::StatusOr<std::unique_ptr<Replicas>> Start(testing::PostgresServer& postgres,
                                                         testing::KafkaBroker& kafka, const Options& options);
  ~Replicas();

  Clock& clock() { return *clock_; }
  // The test's own ways to the store and the event log.
  storage::Database& database() { return *database_; }
  events::EventLog& events() { return *events_; }

  // One call of CatalogService at a replica; thread-safe. It is repeated while the replica is UNAVAILABLE,
  // within `timeout`, where `retry`.
  template <class Response>
  absl::StatusOr<Response> Call(int replica, std::string_view method,
                                const google::protobuf::Message& request, bool retry = true,
                                absl::Duration timeout = absl::Seconds(20)) {
    return replicas_[static_cast<size_t>(replica)].channel->Call<Response>(
        "/finalmile.catalog.v1.CatalogService/" + std::string(method), request,
        {.timeout = timeout, .retry = retry});
  }
  absl::StatusOr<v1::Asset> Get(int replica, const std::string& name, int64_t version = 0,
                                int64_t min_revision = 0);

  // The sum of a replica's series of that metric whose labels hold `label`: source="near".
  double Metric(int replica, std::string_view name, std::string_view label = "");

  // kill -9, and up again on the same address.
  absl::Status Crash(int replica);

  // Whether `done` holds within half a minute.
  bool Until(const std::function<bool()>& done);
  void Pause(absl::Duration span);

 private:
  struct Replica {
    int port = 0;
    int admin = 0;
    std::unique_ptr<testing::Process> process;
    std::unique_ptr<rpc::Channel> channel;
  };

  Replicas() = default;
  absl::Status Launch(int replica);

  std::unique_ptr<Clock> clock_;
  std::unique_ptr<Rng> rng_;
  Options options_;
  const testing::TemporaryFolder folder_;
  std::string store_;
  std::string events_url_;
  std::unique_ptr<storage::Database> database_;
  std::unique_ptr<events::EventLog> events_;
  std::vector<Replica> replicas_;
};

}  // namespace finalmile::catalog
