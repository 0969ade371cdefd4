#pragma once

#include "tests/simulation/coaching_authors.h"

namespace finalmile::simulation {

inline constexpr const char* kReps[] = {"ada", "ben", "kim"};
inline constexpr const char* kCoaches[] = {"coco", "cora"};

// Practises, as drafts and at once, and reviews own practices. `round` keeps requests apart.
void PlayRep(const CoachingStage& stage, int round, const std::string& rep);

// Reviews what waits and what was reviewed already, assigns, and looks for drafts of reps, which nobody shows
// to it.
void PlayCoach(const CoachingStage& stage, int round, const std::string& coach);

// Events of meetings that are set, moved, cancelled, held and scored, in order of each meeting; records come
// again later.
void SendMeetings(const CoachingStage& stage, int round);

// A conversation of each rep is scored well by the rep, so that low scores are looked at again.
void ScoreEachRep(const CoachingStage& stage, int round);

}  // namespace finalmile::simulation
