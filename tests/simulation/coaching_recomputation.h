#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "tests/simulation/coaching_model.h"

namespace finalmile::simulation {

// The rules of mastery, memory, scores and low scores once more, without the code of the service: as simple
// as they can be said, however slow.

// A submitted practice.
struct PracticeFacts {
  std::string id;
  absl::Time time;
  int64_t track_version = 0;
  double score = 0;
  bool by_coach = false;
};

struct Standing {
  enum class State { kNone = 1, kMastered = 2, kLapsed = 3 };
  State state = State::kNone;
  // Days that count now.
  std::set<absl::CivilDay> days;
  double stability = 0;
  double difficulty = 0;
  std::string last_practice;
  absl::Time last_time;
  // Practices of earlier versions do not count for mastery.
  int64_t certificate_version = 0;
  // When the last practice that counts was; InfinitePast: none does.
  absl::Time counted_time = absl::InfinitePast();
  int64_t counted_version = 0;
  // When the last mastery was.
  absl::Time mastered_time;
  int64_t mastered_version = 0;
  absl::Time rehearsal_time;
  absl::Time lapse_time;
};

// Where a rep stands at `now` who practised a track so.
Standing StandingOf(std::vector<PracticeFacts> practices, int64_t certificate_version, absl::Time now);
// The probability of recall.
double RecallAt(const Standing& standing, absl::Time now);

// The score of a practice on which coaches gave these levels, one each on all criteria; there is one at
// least.
double ScoreOfLevels(std::vector<int> levels);

// A pair of low scores: criterion, the earlier and the later meeting.
using LowScores = std::tuple<std::string, std::string, std::string>;
// What a host is to practise after low scores; `done`: pairs that were practised. Meetings in a situation of
// `situations` have a track.
std::set<LowScores> WantedOf(const std::map<std::string, MeetingModel>& meetings, const std::string& host,
                             const std::set<LowScores>& done, const std::set<std::string>& situations);

}  // namespace finalmile::simulation
