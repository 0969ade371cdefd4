#include "services/leads/domain/engagement.h"

#include <algorithm>
#include <tuple>

#include "libs/base/clock.h"

namespace finalmile::leads::domain {
namespace {

// False: the limit state cannot tell; nothing was changed.
bool Take(const CompiledSignal& signal, const Activity& activity, EngagementState& state) {
  if (signal.points > 0) {
    const std::optional<double> counted =
        state.limits.Count(signal, ToMicros(activity.event_time), activity.subject,
                           static_cast<uint32_t>(std::max(activity.count, 1)));
    if (!counted) return false;
    const bool is_short = signal.half_life == HalfLife::kShort;
    Add(is_short ? state.engagement.short_half_life : state.engagement.long_half_life,
        is_short ? kShortHalfLife : kLongHalfLife, signal.points * *counted, activity.event_time);
  }
  if (signal.hand_raise) {
    state.last_hand_raise = std::max(state.last_hand_raise, FromMicros(ToMicros(activity.event_time)));
  }
  return true;
}

}  // namespace

bool HappenedBefore(const Activity& a, const Activity& b) {
  return std::make_tuple(ToMicros(a.event_time), std::string_view(a.source),
                         std::string_view(a.activity_id)) <
         std::make_tuple(ToMicros(b.event_time), std::string_view(b.source), std::string_view(b.activity_id));
}

std::vector<const Activity*> InOrder(absl::Span<const Activity> activities, absl::Time as_of) {
  std::vector<const Activity*> ordered;
  ordered.reserve(activities.size());
  for (const Activity& activity : activities) {
    if (activity.event_time <= as_of) ordered.push_back(&activity);
  }
  const auto id = [](const Activity* a) { return std::tie(a->source, a->activity_id); };
  std::sort(ordered.begin(), ordered.end(), [&](const Activity* a, const Activity* b) {
    return id(a) != id(b) ? id(a) < id(b) : HappenedBefore(*a, *b);
  });
  ordered.erase(std::unique(ordered.begin(), ordered.end(),
                            [&](const Activity* a, const Activity* b) { return id(a) == id(b); }),
                ordered.end());
  std::sort(ordered.begin(), ordered.end(),
            [](const Activity* a, const Activity* b) { return HappenedBefore(*a, *b); });
  return ordered;
}

EngagementState Recompute(const CompiledPolicy& policy, absl::Span<const Activity> activities) {
  EngagementState state;
  state.limits.fingerprint = policy.fingerprint();
  for (const Activity* activity : InOrder(activities, absl::InfiniteFuture())) {
    const CompiledSignal* signal = policy.Match(*activity);
    if (signal != nullptr) Take(*signal, *activity, state);
  }
  state.limits.Trim();
  return state;
}

ApplyResult Apply(const CompiledPolicy& policy, const Activity& activity, EngagementState& state) {
  const CompiledSignal* signal = policy.Match(activity);
  if (signal == nullptr) return ApplyResult::kIgnored;
  const bool fresh = state.limits.fingerprint == 0;
  if (!fresh && state.limits.fingerprint != policy.fingerprint()) return ApplyResult::kNeedsRecompute;
  if (!Take(*signal, activity, state)) return ApplyResult::kNeedsRecompute;
  state.limits.fingerprint = policy.fingerprint();
  state.limits.Trim();
  return ApplyResult::kApplied;
}

}  // namespace finalmile::leads::domain
