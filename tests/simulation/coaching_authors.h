#pragma once

#include <string>
#include <vector>

#include "tests/simulation/coaching_model.h"
#include "tests/simulation/service_client.h"

namespace finalmile::simulation {

// What drivers of the coaching world share. Everything outlives it.
struct CoachingStage {
  testing::Simulation& simulation;
  Servers& servers;
  const Replicas& replicas;
  std::vector<std::string>& violations;
  CoachingModel& model;

  ServiceClient As(std::string caller = "", std::vector<finalmile::v1::Role> roles = {}) const {
    return {"finalmile.coaching.v1", simulation, replicas, violations, std::move(caller), std::move(roles)};
  }
  void Violated(std::string what) const { violations.push_back(std::move(what)); }
  // One of so many, one in so many.
  uint64_t Below(uint64_t bound) const { return simulation.rng().Below(bound); }
  bool OneIn(uint64_t times) const { return Below(times) == 0; }
  void Pause(absl::Duration most) const { simulation.Sleep(simulation.rng().Uniform() * most); }
};

// Events of the catalog, in order of each asset; a record may come twice.
void SendAssets(const CoachingStage& stage);

// Makes, changes and publishes tracks and adds examples in role; begins with the publication of a track of
// its own. `round` keeps requests apart.
void PlayAuthor(const CoachingStage& stage, int round, int author);

// Publishes a version of one track that asks for mastery anew.
void AskForMasteryAnew(const CoachingStage& stage, int round);

}  // namespace finalmile::simulation
