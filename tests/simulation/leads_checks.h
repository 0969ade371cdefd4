#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "finalmile/leads/v1/activity.pb.h"
#include "tests/simulation/world.h"

namespace finalmile::simulation {

// What clients know of one lead.
struct LeadModel {
  int acknowledged_updates = 0;
  int attempted_updates = 0;
  // Per client: the last number it set and was told so, and the last it tried to set.
  std::map<int, std::pair<int, int>> numbers;
};

// What all clients of the leads service know together.
struct LeadsModel {
  // Request -> lead, as acknowledged.
  std::map<std::string, std::string> created;
  std::map<std::string, LeadModel> leads;
  // Names of those whose publication was acknowledged.
  std::set<std::string> policies;
  // By (source, activity id): as first sent; acknowledged.
  std::map<std::pair<std::string, std::string>, leads::v1::Activity> attempted;
  std::set<std::pair<std::string, std::string>> recorded;
};

// Compares what clients know with the store, the topic and a recomputation from the activities. The world has
// come to rest; appends what does not hold to `violations`.
void CheckLeadsWorld(const LeadsModel& model, testing::Simulation& simulation, Servers& servers,
                     std::vector<std::string>& violations);

}  // namespace finalmile::simulation
