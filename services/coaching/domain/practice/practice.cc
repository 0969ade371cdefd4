#include "services/coaching/domain/practice/practice.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace finalmile::coaching {
namespace {

std::vector<Levels> LevelsOfCoaches(const Practice& practice) {
  std::vector<Levels> levels;
  for (const Review& review : practice.reviews) {
    if (!review.self) levels.push_back(review.levels);
  }
  return levels;
}

}  // namespace

std::vector<Violation> CheckPracticeTime(absl::Time time, absl::Time now) {
  if (time > now + kClockSkew) return {{"practice_time", "must not lie ahead"}};
  if (time < now - kOldestPractice)
    return {{"practice_time",
             fmt::format("must lie within the last {} days", kOldestPractice / absl::Hours(24))}};
  return {};
}

std::optional<Refusal> Submit(Practice& practice, absl::TimeZone zone) {
  if (practice.state != PracticeState::kDraft)
    return Refusal{Refusal::Kind::kState, "WRONG_STATE", "the practice is submitted already"};
  practice.state = PracticeState::kSubmitted;
  practice.day = absl::ToCivilDay(practice.time, zone);
  return std::nullopt;
}

std::variant<Reviewed, Refusal> AddReview(Practice& practice, Review review) {
  if (practice.state == PracticeState::kDraft)
    return Refusal{Refusal::Kind::kState, "WRONG_STATE", "the practice is a draft: submit it first"};
  const bool own = review.reviewer == practice.rep;
  if (own && !review.self)
    return Refusal{Refusal::Kind::kState, "OWN_PRACTICE",
                   "a coach reviews others: review your own practice with `self`, or ask another coach"};
  if (!own && review.self)
    return Refusal{Refusal::Kind::kOwner, "NOT_YOURS", "a self-review is for the rep who practised"};
  const double before = ScoreOf(practice);
  const auto at = std::lower_bound(
      practice.reviews.begin(), practice.reviews.end(), review.reviewer,
      [](const Review& one, const std::string& reviewer) { return one.reviewer < reviewer; });
  if (at != practice.reviews.end() && at->reviewer == review.reviewer) {
    if (at->time <= review.time) *at = std::move(review);
  } else if (practice.reviews.size() >= kMostReviewers) {
    return Refusal{Refusal::Kind::kState, "TOO_MANY_REVIEWERS",
                   fmt::format("{} have reviewed the practice, which is enough", kMostReviewers)};
  } else {
    practice.reviews.insert(at, std::move(review));
  }
  if (!LevelsOfCoaches(practice).empty()) practice.state = PracticeState::kReviewed;
  return Reviewed{before, ScoreOf(practice)};
}

MedianLevels CoachLevels(const Practice& practice) { return MedianOf(LevelsOfCoaches(practice)); }

std::optional<double> ReviewScore(const Practice& practice) {
  return ScoreOf(CoachLevels(practice), practice.rubric);
}

double ScoreOf(const Practice& practice) {
  return ReviewScore(practice).value_or(RoundedScore(practice.analysis_score));
}

std::vector<Unit> UnitsOf(const Practice& practice) {
  std::map<std::string, Unit> units;
  for (const Levels& levels : LevelsOfCoaches(practice)) {
    for (const auto& [id, level] : levels) units[id].push_back(level);
  }
  std::vector<Unit> list;
  for (auto& [id, unit] : units) list.push_back(std::move(unit));
  return list;
}

}  // namespace finalmile::coaching
