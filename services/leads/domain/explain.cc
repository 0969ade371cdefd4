#include "services/leads/domain/explain.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "services/leads/domain/fading.h"
#include "services/leads/domain/fit.h"
#include "services/leads/domain/grade.h"

namespace finalmile::leads::domain {
namespace {

// Fills in what follows from the rest.
void Sum(const CompiledPolicy& policy, double engagement, Explanation& explanation) {
  explanation.engagement = engagement;
  explanation.score = explanation.fit + explanation.engagement;
  explanation.grade = Grade(policy.policy().grade_edges, explanation.fit, explanation.engagement);
}

}  // namespace

SignalTallies::SignalTallies(const CompiledPolicy& policy, absl::Time as_of)
    : policy_(policy), as_of_(as_of), tallies_(policy.signals().size()) {}

void SignalTallies::Add(const CompiledSignal& signal, int64_t units, double counted, absl::Time time) {
  Tally& tally = tallies_[signal.index];
  tally.units += units;
  if (counted == 0) return;
  tally.counted += static_cast<int64_t>(std::ceil(counted));
  tally.last = std::max(tally.last, time);
  FadingValue alone;
  const absl::Duration half_life = signal.half_life == HalfLife::kShort ? kShortHalfLife : kLongHalfLife;
  domain::Add(alone, half_life, signal.points * counted, time);
  tally.points += ValueAt(alone, half_life, as_of_);
}

void SignalTallies::Subtract(const SignalTallies& other) {
  for (size_t i = 0; i < tallies_.size(); ++i) {
    tallies_[i].points -= other.tallies_[i].points;
    tallies_[i].units -= other.tallies_[i].units;
    tallies_[i].counted -= other.tallies_[i].counted;
  }
}

void SignalTallies::AppendReasons(std::vector<Reason>& reasons) const {
  for (const CompiledSignal& signal : policy_.signals()) {
    const Tally& tally = tallies_[signal.index];
    if (tally.units == 0 || (signal.points == 0 && !signal.hand_raise)) continue;
    const Signal& described = policy_.policy().signals[signal.index];
    reasons.push_back({.part = "engagement",
                       .name = described.name,
                       .text = Text(described, tally),
                       .points = tally.points,
                       .count = static_cast<int32_t>(std::min<int64_t>(tally.counted, INT32_MAX)),
                       .last_time = tally.last});
  }
}

std::string SignalTallies::Text(const Signal& signal, const Tally& tally) {
  if (tally.counted < tally.units)
    return fmt::format("{}, {} of {} counted", signal.text, tally.counted, tally.units);
  if (tally.units > 1) return fmt::format("{}, {} times", signal.text, tally.units);
  return signal.text;
}

Explainer::Explainer(const CompiledPolicy& policy, absl::Time as_of, EngagementState aged,
                     int64_t aged_activities)
    : policy_(policy),
      as_of_(as_of),
      aged_(aged.engagement),
      aged_activities_(aged_activities),
      recount_(policy, std::move(aged)),
      tallies_(policy, as_of) {}

void Explainer::Count(const Activity& activity) {
  const Counted counted = recount_.Count(activity);
  if (counted.signal != nullptr)
    tallies_.Add(*counted.signal, std::max(activity.count, 1), counted.units, activity.event_time);
}

Explanation Explainer::Explain(const Lead& facts) const {
  Explanation explanation;
  explanation.fit = ExplainFit(policy_, facts, explanation.reasons);
  tallies_.AppendReasons(explanation.reasons);
  if (aged_activities_ > 0) {
    explanation.reasons.push_back(
        {.part = "engagement",
         .name = "aged:activities",
         .text = "activities that are no longer kept one by one",
         .points = EngagementAt(aged_, as_of_),
         .count = static_cast<int32_t>(std::min<int64_t>(aged_activities_, INT32_MAX)),
         .last_time = absl::InfinitePast()});
  }
  Sum(policy_, EngagementAt(recount_.state().engagement, as_of_), explanation);
  return explanation;
}

Explanation Explain(const CompiledPolicy& policy, const Lead& facts, absl::Span<const Activity> activities,
                    absl::Time as_of) {
  Explainer explainer(policy, as_of);
  for (const Activity* activity : InOrder(activities, absl::InfiniteFuture())) explainer.Count(*activity);
  return explainer.Explain(facts);
}

Explanation ExplainInSum(const CompiledPolicy& policy, const Lead& facts, const Engagement& engagement,
                         absl::Time as_of) {
  Explanation explanation;
  explanation.fit = ExplainFit(policy, facts, explanation.reasons);
  Sum(policy, EngagementAt(engagement, as_of), explanation);
  explanation.reasons.push_back({.part = "engagement",
                                 .name = "sum:activities",
                                 .text = "all activities together; ExplainScore lists them by signal",
                                 .points = explanation.engagement,
                                 .count = 0,
                                 .last_time = absl::InfinitePast()});
  return explanation;
}

}  // namespace finalmile::leads::domain
