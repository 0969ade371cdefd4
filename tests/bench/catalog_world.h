#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "finalmile/catalog/v1/catalog_service.pb.h"
#include "libs/testing/redis_server.h"
#include "tests/bench/report.h"
#include "tests/bench/world.h"

namespace finalmile::bench {

inline constexpr std::string_view kCatalogService = "/finalmile.catalog.v1.CatalogService/";

// Beside the leads' world: an empty database, a Redis, and one replica of finalmile-catalog on the service's
// core. Everything in it goes with it.
class CatalogWorld {
 public:
  static absl::StatusOr<std::unique_ptr<CatalogWorld>> Start(World& world);
  ~CatalogWorld();

  Replica& service() { return *service_; }
  testing::RedisServer& redis() { return *redis_; }
  // Where the service keeps its search index.
  std::string index_path() const { return folder_ + "/index.db"; }
  const std::string& folder() const { return folder_; }

  // Imports and publishes `count` assets, of which `page` gives the Markdown.
  absl::Status Publish(size_t count, const std::function<std::string(size_t)>& page);

 private:
  CatalogWorld() = default;

  std::string folder_;
  std::unique_ptr<testing::RedisServer> redis_;
  std::unique_ptr<Replica> service_;
};

// The name of the i-th asset of Publish.
std::string AssetName(size_t i);

// A unary call that h2load (of nghttp2) makes again and again, over a few connections with many calls on
// each: it costs the driver's core so little that the service's core is the one that is busy.
class Load {
 public:
  // `method` is a path. The reply has to have `reply_bytes`, so that an error is not taken for an answer.
  Load(CatalogWorld& world, std::string method, const google::protobuf::Message& request, size_t reply_bytes);

  // "rate" and the service's "cpu" over `calls` calls. NOT_FOUND: h2load is not installed.
  absl::StatusOr<Sample> Run(int64_t calls);

 private:
  CatalogWorld& world_;
  const std::string method_;
  const std::string body_path_;
  const size_t reply_bytes_;
};

}  // namespace finalmile::bench
