#include "services/leads/scoring/history.h"

#include <algorithm>
#include <map>

#include "services/leads/domain/fit.h"
#include "services/leads/scoring/lead_batch.h"

namespace finalmile::leads::scoring {
namespace {

// What was recorded at one moment.
struct Moment {
  const store::FactVersion* facts = nullptr;
  PolicyPointer policy;
  std::vector<const domain::Activity*> activities;
};

std::string_view CauseName(const Moment& moment) {
  if (moment.facts != nullptr) return "attributes";
  return moment.policy != nullptr ? "policy" : "activity";
}

}  // namespace

PastState StateAt(const LeadPast& past, absl::Time time) {
  PastState state;
  for (const PolicyPointer& policy : past.policies) {
    if (state.policy == nullptr || policy->publish_time <= time) state.policy = policy;
  }
  for (const store::FactVersion& facts : past.facts) {
    if (facts.record_time <= time) state.facts = &facts;
  }
  for (const store::RecordedActivity& recorded : past.activities) {
    if (recorded.record_time <= time) state.activities.push_back(recorded.activity);
  }
  return state;
}

std::vector<PastChange> Replay(const LeadPast& past, absl::Time now) {
  const absl::Time created = past.facts.front().record_time;
  std::map<absl::Time, Moment> moments;
  for (const store::FactVersion& facts : past.facts) moments[facts.record_time].facts = &facts;
  for (const PolicyPointer& policy : past.policies) {
    if (policy->publish_time > created) moments[policy->publish_time].policy = policy;
  }
  for (const store::RecordedActivity& recorded : past.activities) {
    // What came for a stub is counted when the lead arrives.
    moments[std::max(recorded.record_time, created)].activities.push_back(&recorded.activity);
  }

  std::vector<PastChange> changes;
  std::vector<domain::Activity> known;
  PolicyPointer policy = StateAt(past, created).policy;
  const store::FactVersion* facts = &past.facts.front();
  store::LeadState state;
  v1::Score last;
  auto evaluate = [&](absl::Time time, std::string_view cause) {
    const domain::ReadinessInput input{state.gates != 0, state.fit, state.engagement.engagement,
                                       state.engagement.last_hand_raise};
    const domain::Readiness result =
        domain::Evaluate(policy->compiled.policy(), input, state.readiness, time);
    const bool moved =
        cause != "fading" || result.state.grade != state.readiness.grade || !result.transitions.empty();
    state.readiness = result.state;
    state.due_time = result.next_due;
    if (!moved) return;
    v1::Score score = ToScore(state, *policy, time);
    changes.push_back({last, score, std::string(cause), time});
    last = std::move(score);
  };
  auto fade_until = [&](absl::Time time) {
    while (state.due_time < time) {
      const absl::Time due = state.due_time;
      evaluate(due, "fading");
      if (state.due_time <= due) break;
    }
  };

  for (const auto& [time, moment] : moments) {
    if (time > now) break;
    fade_until(time);
    bool recompute = false;
    if (moment.policy != nullptr) {
      policy = moment.policy;
      recompute = true;
    }
    if (moment.facts != nullptr) {
      facts = moment.facts;
      state.gates = facts->gates;
    }
    state.fit = domain::Fit(policy->compiled, facts->facts);
    bool counted = false;
    for (const domain::Activity* activity : moment.activities) {
      known.push_back(*activity);
      if (recompute) continue;
      const domain::ApplyResult applied = domain::Apply(policy->compiled, *activity, state.engagement);
      recompute = applied == domain::ApplyResult::kNeedsRecompute;
      counted = counted || applied == domain::ApplyResult::kApplied;
    }
    if (recompute) state.engagement = domain::Recompute(policy->compiled, known);
    if (counted || recompute || moment.facts != nullptr) evaluate(time, CauseName(moment));
  }
  fade_until(now);
  return changes;
}

}  // namespace finalmile::leads::scoring
