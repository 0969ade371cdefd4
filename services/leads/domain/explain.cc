#include "services/leads/domain/explain.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "libs/base/clock.h"
#include "services/leads/domain/fading.h"
#include "services/leads/domain/fit.h"
#include "services/leads/domain/grade.h"

namespace finalmile::leads::domain {
namespace {

struct Tally {
  double points = 0;
  int64_t units = 0;
  int64_t counted = 0;
  absl::Time last = absl::InfinitePast();
};

std::string Text(const Signal& signal, const Tally& tally) {
  if (tally.counted < tally.units)
    return fmt::format("{}, {} of {} counted", signal.text, tally.counted, tally.units);
  if (tally.units > 1) return fmt::format("{}, {} times", signal.text, tally.units);
  return signal.text;
}

}  // namespace

Explanation Explain(const CompiledPolicy& policy, const LeadFacts& facts,
                    absl::Span<const Activity> activities, absl::Time as_of) {
  Explanation explanation;
  explanation.fit = ExplainFit(policy, facts, explanation.reasons);

  Engagement engagement;
  LimitState limits;
  std::vector<Tally> tallies(policy.signals().size());
  for (const Activity* activity : InOrder(activities, absl::InfiniteFuture())) {
    const CompiledSignal* signal = policy.Match(*activity);
    if (signal == nullptr) continue;
    Tally& tally = tallies[signal->index];
    const int32_t units = std::max(activity->count, 1);
    tally.units += units;
    // In order of time and without Trim the limits can always tell.
    const double counted = signal->points == 0
                               ? units
                               : *limits.Count(*signal, ToMicros(activity->event_time), activity->subject,
                                               static_cast<uint32_t>(units));
    if (counted == 0) continue;
    tally.counted += static_cast<int64_t>(std::ceil(counted));
    tally.last = activity->event_time;

    FadingValue alone;
    const bool is_short = signal->half_life == HalfLife::kShort;
    const absl::Duration half_life = is_short ? kShortHalfLife : kLongHalfLife;
    Add(alone, half_life, signal->points * counted, activity->event_time);
    tally.points += ValueAt(alone, half_life, as_of);
    Add(is_short ? engagement.short_half_life : engagement.long_half_life, half_life, alone.value,
        alone.time);
  }

  for (const CompiledSignal& signal : policy.signals()) {
    const Tally& tally = tallies[signal.index];
    if (tally.units == 0 || (signal.points == 0 && !signal.hand_raise)) continue;
    const Signal& described = policy.policy().signals[signal.index];
    explanation.reasons.push_back({.part = "engagement",
                                   .name = described.name,
                                   .text = Text(described, tally),
                                   .points = tally.points,
                                   .count = static_cast<int32_t>(std::min<int64_t>(tally.counted, INT32_MAX)),
                                   .last_time = tally.last});
  }
  explanation.engagement = EngagementAt(engagement, as_of);
  explanation.score = explanation.fit + explanation.engagement;
  explanation.grade = Grade(policy.policy().grade_edges, explanation.fit, explanation.engagement);
  return explanation;
}

}  // namespace finalmile::leads::domain
