#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "libs/base/refusal.h"
#include "libs/base/violation.h"
#include "services/coaching/domain/practice/agreement.h"
#include "services/coaching/domain/practice/rubric.h"

namespace finalmile::coaching {

// One recorded attempt of a rep at a talk track. Transitions are pure: they change the practice and return
// what happened, or refuse and leave it as it was.

// The numbers are those of the contract.
enum class PracticeState {
  // Only its rep sees it.
  kDraft = 1,
  kSubmitted = 2,
  // A coach has reviewed it.
  kReviewed = 3,
};

// A practice is submitted at most so long after it took place, and so long before, for clocks differ.
inline constexpr absl::Duration kOldestPractice = absl::Hours(24 * 30);
inline constexpr absl::Duration kClockSkew = absl::Minutes(10);
// Reviewers of one practice.
inline constexpr size_t kMostReviewers = 20;

struct Review {
  std::string reviewer;
  // By the rep, of itself: it enters no score.
  bool self = false;
  absl::Time time;
  Levels levels;

  friend bool operator==(const Review&, const Review&) = default;
};

struct Practice {
  PracticeState state = PracticeState::kDraft;
  std::string rep;
  // When it took place.
  absl::Time time;
  // Its day in the coaching zone, fixed when it is submitted: a later change of the zone leaves it.
  absl::CivilDay day;
  // The version of the track, and its rubric, that were published when it was submitted.
  int64_t track_version = 0;
  Rubric rubric;
  // 1 to 10.
  double analysis_score = kLowestScore;
  // The newest of each reviewer, in order of reviewer.
  std::vector<Review> reviews;

  friend bool operator==(const Practice&, const Practice&) = default;
};

// Empty where `time` lies in [now − kOldestPractice, now + kClockSkew].
std::vector<Violation> CheckPracticeTime(absl::Time time, absl::Time now);

// The draft is shown to coaches; `zone` is the coaching zone. WRONG_STATE.
std::optional<Refusal> Submit(Practice& practice, absl::TimeZone zone);

// Says what a review changed.
struct Reviewed {
  // The practice's, before and after.
  double score_before = 0;
  double score = 0;
};
// Takes the place of an earlier review of the reviewer; one that is older than the review there is changes
// nothing. WRONG_STATE for a draft, OWN_PRACTICE where the rep reviews as a coach, NOT_YOURS where a coach
// reviews as the rep, TOO_MANY_REVIEWERS.
std::variant<Reviewed, Refusal> AddReview(Practice& practice, Review review);

// Levels of coaches alone.
MedianLevels CoachLevels(const Practice& practice);
// By the coaches; nullopt: none has reviewed it.
std::optional<double> ReviewScore(const Practice& practice);
// The coaches' score if there is one, else the analysis'.
double ScoreOf(const Practice& practice);
// The units of agreement: one for each criterion, with the levels of coaches.
std::vector<Unit> UnitsOf(const Practice& practice);

}  // namespace finalmile::coaching
