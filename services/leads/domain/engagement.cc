#include "services/leads/domain/engagement.h"

#include <algorithm>
#include <tuple>

#include "libs/base/clock.h"

namespace finalmile::leads::domain {
namespace {

void AddPoints(const CompiledSignal& signal, double units, absl::Time time, Engagement& engagement) {
  const bool is_short = signal.half_life == HalfLife::kShort;
  Add(is_short ? engagement.short_half_life : engagement.long_half_life,
      is_short ? kShortHalfLife : kLongHalfLife, signal.points * units, time);
}

void NoteHandRaise(const CompiledSignal& signal, const Activity& activity, EngagementState& state) {
  if (!signal.hand_raise) return;
  state.last_hand_raise = std::max(state.last_hand_raise, FromMicros(ToMicros(activity.event_time)));
}

uint32_t UnitsOf(const Activity& activity) { return static_cast<uint32_t>(std::max(activity.count, 1)); }

// Units that count. Nullopt: the limit state does not decide it; nothing was changed.
std::optional<double> Count(const CompiledSignal& signal, const Activity& activity, EngagementState& state) {
  std::optional<double> counted = UnitsOf(activity);
  if (signal.points > 0) {
    counted = state.limits.Count(signal, ToMicros(activity.event_time), activity.subject, UnitsOf(activity));
    if (!counted) return std::nullopt;
    AddPoints(signal, *counted, activity.event_time, state.engagement);
  }
  NoteHandRaise(signal, activity, state);
  return counted;
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

EngagementState Under(const EngagementState& state, const CompiledPolicy& from, const CompiledPolicy& to) {
  EngagementState under = state;
  under.limits = state.limits.Under(from, to);
  return under;
}

Recount::Recount(const CompiledPolicy& policy, EngagementState aged)
    : policy_(&policy), state_(std::move(aged)) {
  state_.limits.fingerprint = policy.fingerprint();
}

Counted Recount::Count(const Activity& activity) {
  const CompiledSignal* signal = policy_->Match(activity);
  if (signal == nullptr) return {};
  double counted = UnitsOf(activity);
  if (signal->points > 0) {
    counted = state_.limits.CountInOrder(*signal, ToMicros(activity.event_time), activity.subject,
                                         UnitsOf(activity));
    AddPoints(*signal, counted, activity.event_time, state_.engagement);
  }
  NoteHandRaise(*signal, activity, state_);
  return {signal, counted};
}

EngagementState Recount::Row() const {
  EngagementState row = state_;
  row.limits.Trim();
  return row;
}

EngagementState Recompute(const CompiledPolicy& policy, absl::Span<const Activity> activities,
                          const EngagementState& aged) {
  Recount recount(policy, aged);
  for (const Activity* activity : InOrder(activities, absl::InfiniteFuture())) recount.Count(*activity);
  return recount.Row();
}

ApplyResult Apply(const CompiledPolicy& policy, const Activity& activity, EngagementState& state,
                  Counted* counted) {
  const CompiledSignal* signal = policy.Match(activity);
  if (counted != nullptr) *counted = {signal, 0};
  if (signal == nullptr) return ApplyResult::kIgnored;
  const bool fresh = state.limits.fingerprint == 0;
  if (!fresh && state.limits.fingerprint != policy.fingerprint()) return ApplyResult::kNeedsRecompute;
  const std::optional<double> units = Count(*signal, activity, state);
  if (!units) return ApplyResult::kNeedsRecompute;
  if (counted != nullptr) counted->units = *units;
  state.limits.fingerprint = policy.fingerprint();
  state.limits.Trim();
  return ApplyResult::kApplied;
}

}  // namespace finalmile::leads::domain
