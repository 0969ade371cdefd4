#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "finalmile/catalog/v1/catalog_service.pb.h"
#include "tests/simulation/world.h"

namespace finalmile::simulation {

// What clients know of one asset.
struct AssetModel {
  // Revision -> which change led to it, and when that was acknowledged (true steady time).
  struct Known {
    std::string change;
    absl::Duration acknowledged;
  };
  std::map<int64_t, Known> revisions;
  // Version -> its body, as acknowledged or read.
  std::map<int64_t, std::string> bodies;
  // Changes that were tried, acknowledged or not.
  int attempted = 0;
  // Revision -> version, as acknowledged.
  std::map<int64_t, int64_t> published;
  std::set<int64_t> retired;
};

// What all clients of the catalog service know together.
struct CatalogModel {
  std::map<std::string, AssetModel> assets;
  // Body -> the asset that it was tried to be given to; no two changes try the same.
  std::map<std::string, std::string> bodies;
  // Request -> asset, as acknowledged.
  std::map<std::string, std::string> created;
};

// A call of CatalogService at one replica, repeated until it is answered.
using CallReplica = std::function<absl::Status(size_t replica, const std::string& method,
                                               const google::protobuf::Message& request,
                                               google::protobuf::Message& response)>;

// Compares what clients know with the store and the topic. The world has come to rest; appends what does not
// hold to `violations`.
void CheckCatalogWorld(const CatalogModel& model, testing::Simulation& simulation, Servers& servers,
                       std::vector<std::string>& violations);
// What the replicas show otherwise than the store; empty: nothing. That may take until their indexes have
// followed.
std::vector<std::string> ReplicasDiffer(testing::Simulation& simulation, Servers& servers, size_t replicas,
                                        const CallReplica& call);

}  // namespace finalmile::simulation
