#pragma once

#include <optional>
#include <span>
#include <vector>

#include "absl/time/time.h"
#include "services/leads/domain/activity.h"
#include "services/leads/domain/compiled_policy.h"
#include "services/leads/domain/engagement.h"
#include "services/leads/domain/readiness.h"

// What would have become of leads under a policy: their past, by the times at which things happened.
namespace finalmile::leads::domain {

// What is known of a lead from `time` on.
struct Standing {
  absl::Time time;
  // Engagement and hand-raise apart.
  ReadinessInput facts;
};

// A moment at which what readiness follows from changed.
struct Turn {
  absl::Time time;
  ReadinessInput input;
};

// Collects the turns of one lead from activities that come one after the other, in canonical order. Takes
// about 100 bytes for each activity that counts.
class Course {
 public:
  // `standings` in order of time, at least one; the first holds before its time, too. `aged` as of Recount.
  // The policy outlives the course.
  Course(const CompiledPolicy& policy, std::vector<Standing> standings, EngagementState aged = {});

  void Count(const Activity& activity);
  // After the last activity: takes up the standings that are left.
  void End() { Advance(absl::InfiniteFuture()); }

  // In order of time.
  const std::vector<Turn>& turns() const { return turns_; }
  // All standings and activities together.
  ReadinessInput input() const;

 private:
  void Advance(absl::Time time);
  void Note(absl::Time time);

  Recount recount_;
  std::vector<Standing> standings_;
  // The one that holds.
  size_t standing_ = 0;
  std::vector<Turn> turns_;
};

// A lead became sales-ready. A hand-raise that only lifts the open request of a scored lane is none.
struct Crossing {
  absl::Time time;
  bool by_hand_raise = false;
};

// Plays the turns and the fading between them, from the first one on; the crossings from `from` to `until`.
std::vector<Crossing> Play(const Policy& policy, std::span<const Turn> turns, absl::Time from,
                           absl::Time until);

// Finds the min_engagement under which so many crossings happen as are wanted, from the turns of all leads:
// of a policy's first scored lane, or as the least that every scored lane asks for. It is exact but for leads
// with more than 100 turns, and for those that waited repeatedly before they crossed again. Keeps at most
// 2^20 steps of 16 bytes.
class ThresholdSearch {
 public:
  enum class Lanes { kFirst, kAll };
  // The policy has no violations.
  ThresholdSearch(Policy policy, Lanes lanes, absl::Time from, absl::Time until);
  ThresholdSearch(const ThresholdSearch&) = delete;
  ThresholdSearch& operator=(const ThresholdSearch&) = delete;

  void Add(std::span<const Turn> turns);

  struct Found {
    double min_engagement = 0;
    int64_t hand_raises = 0;
    int64_t scored = 0;
  };
  // The lowest threshold with at most `most` crossings, hand-raises and other lanes included. It is above
  // cool_below and at most kMaxPoints. Nullopt: the policy has no scored lane, or hand-raises and the lanes
  // that stay as they are alone are more.
  std::optional<Found> Best(int64_t most);
  // Crossings if the lanes of the search let nobody in; min_engagement is 0.
  Found Closed() const { return {0, hand_raises_, scored_}; }

 private:
  // At and below `engagement` so many more crossings happen than above it.
  struct Step {
    double engagement = 0;
    int32_t hand_raises = 0;
    int32_t scored = 0;
  };
  std::vector<double> Candidates(std::span<const Turn> turns) const;
  Step PlayAt(double min_engagement, std::span<const Turn> turns);
  void Halve();

  const Policy given_;
  // With the threshold that is played.
  Policy policy_;
  // Positions of the lanes that the threshold is for.
  std::vector<size_t> lanes_;
  const absl::Time from_;
  const absl::Time until_;
  // If the lanes let nobody in.
  int64_t hand_raises_ = 0;
  int64_t scored_ = 0;
  std::vector<Step> steps_;
};

}  // namespace finalmile::leads::domain
