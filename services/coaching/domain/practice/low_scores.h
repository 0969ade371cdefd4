#pragma once

#include <set>
#include <string>
#include <vector>

#include "absl/time/time.h"

namespace finalmile::coaching {

// Two conversations of a host that failed on one criterion within three weeks bring a practice. All is
// decided by when the meetings took place: the order in which scores arrive does not matter.

inline constexpr absl::Duration kLowScoresWithin = absl::Hours(21 * 24);
// Practices of low scores that a host has open at once.
inline constexpr size_t kMostLowScorePractices = 2;

// A guest or coach gave a meeting that was held kFailingScore or less on a criterion.
struct LowScore {
  std::string criterion;
  // The chain of the meeting.
  std::string appointment;
  absl::Time start;
  // A track for its situation is published.
  bool has_track = false;

  friend bool operator==(const LowScore&, const LowScore&) = default;
};

struct LowPair {
  std::string criterion;
  // The earlier meeting, and the later one, whose situation is to be practised.
  std::string first;
  std::string second;

  friend auto operator<=>(const LowPair&, const LowPair&) = default;  // NOLINT(modernize-use-nullptr)
};

struct LowScorePlan {
  // Pairs that call for a practice, those of the earliest meetings; at most kMostLowScorePractices.
  std::vector<LowPair> wanted;
  // All pairs that would, if a track for the situation were published.
  std::vector<LowPair> without_track;

  friend bool operator==(const LowScorePlan&, const LowScorePlan&) = default;
};

// Pairs the low scores of one host: per criterion in order of the meetings, each with the next one that began
// at most kLowScoresWithin later. A meeting is in one pair of a criterion at most; those of pairs that were
// `practised` are used up. Several low scores of a meeting on one criterion count once.
LowScorePlan PlanOf(std::vector<LowScore> scores, const std::set<LowPair>& practised);

}  // namespace finalmile::coaching
