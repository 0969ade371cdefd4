#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "finalmile/catalog/v1/catalog_service.pb.h"
#include "libs/testing/kafka_broker.h"
#include "libs/testing/postgres_server.h"
#include "libs/testing/replicas.h"

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

  Clock& clock() { return replicas_->clock(); }
  storage::Database& database() { return replicas_->database(); }
  events::EventLog& events() { return replicas_->events(); }

  // One call of CatalogService at a replica; thread-safe. It is repeated while the replica is UNAVAILABLE,
  // within `timeout`, where `retry`.
  template <class Response>
  absl::StatusOr<Response> Call(int replica, std::string_view method,
                                const google::protobuf::Message& request, bool retry = true,
                                absl::Duration timeout = absl::Seconds(20)) {
    return replicas_->channel(replica).Call<Response>(
        "/finalmile.catalog.v1.CatalogService/" + std::string(method), request,
        {.timeout = timeout, .retry = retry});
  }
  absl::StatusOr<v1::Asset> Get(int replica, const std::string& name, int64_t version = 0,
                                int64_t min_revision = 0);

  // The sum of a replica's series of that metric whose labels hold `label`: source="near".
  double Metric(int replica, std::string_view name, std::string_view label = "");

  absl::Status Crash(int replica) { return replicas_->Crash(replica); }

  // Whether `done` holds within half a minute.
  bool Until(const std::function<bool()>& done);
  void Pause(absl::Duration span);

 private:
  explicit Replicas(std::unique_ptr<testing::Replicas> replicas) : replicas_(std::move(replicas)) {}

  const std::unique_ptr<testing::Replicas> replicas_;
};

}  // namespace finalmile::catalog
