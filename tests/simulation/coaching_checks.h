#pragma once

#include <map>
#include <string>

#include "tests/simulation/coaching_authors.h"
#include "tests/simulation/coaching_stories.h"

namespace finalmile::simulation {

// What the topic tells of all reps, and which versions of tracks asked for mastery anew.
struct CoachingStories {
  std::map<std::string, RepStory> reps;
  CertificateVersions versions;
};

// Compares what clients know with the store and the topic: tracks, examples, practices, reviews. The world
// has come to rest; appends what does not hold to the violations.
CoachingStories CheckCoachingWorld(const CoachingStage& stage);

// Compares the store's mastery, certificates and assignments, and what the API says of them, with the stories
// and with a recomputation from practices, reviews and meetings.
void CheckConclusions(const CoachingStage& stage, const CoachingStories& stories);

// Compares what is assigned for low scores with a recomputation. Each rep's were looked at again since the
// clock was moved.
void CheckLowScorePractice(const CoachingStage& stage);

}  // namespace finalmile::simulation
