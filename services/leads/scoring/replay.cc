#include "services/leads/scoring/replay.h"

#include <algorithm>
#include <map>

#include "libs/base/status.h"
#include "services/leads/domain/fit.h"
#include "services/leads/scoring/score.h"

namespace finalmile::leads::scoring {
namespace {

// Everything that was recorded at one moment.
struct Moment {
  const store::FactVersion* facts = nullptr;
  PolicyPointer policy;
  std::vector<const domain::Activity*> activities;
  const LeadPast::Ending* ending = nullptr;
};

std::string_view CauseName(const Moment& moment) {
  if (moment.facts != nullptr) return "attributes";
  if (moment.policy != nullptr) return "policy";
  return moment.ending != nullptr ? "sales" : "activity";
}

}  // namespace

absl::StatusOr<Replayed> Replay(const LeadPast& past, absl::Time now,
                                const std::function<absl::Status()>& check) {
  const absl::Time created = past.facts.front().record_time;
  const absl::Time begin = std::max(created, past.since);
  std::map<absl::Time, Moment> moments;
  // The last facts from before the begin hold as it begins.
  for (const store::FactVersion& facts : past.facts)
    moments[std::max(facts.record_time, begin)].facts = &facts;
  PolicyPointer policy = past.policies.front();
  for (const PolicyPointer& published : past.policies) {
    if (published->publish_time > begin) {
      moments[published->publish_time].policy = published;
    } else {
      policy = published;
    }
  }
  for (const store::RecordedActivity& recorded : past.activities) {
    // Activities of a stub are counted when the lead arrives.
    moments[std::max(recorded.record_time, begin)].activities.push_back(&recorded.activity);
  }
  for (const LeadPast::Ending& ending : past.endings) {
    if (ending.time > begin) moments[ending.time].ending = &ending;
  }
  const auto start = [&] {
    return past.aged_policy == nullptr
               ? domain::EngagementState()
               : domain::Under(past.aged, past.aged_policy->compiled, policy->compiled);
  };

  Replayed played;
  store::LeadState& state = played.state;
  std::vector<domain::Activity> known;
  const store::FactVersion* facts = &past.facts.front();
  state.engagement = start();
  // What was last told, once something was.
  store::LeadState told;
  Told last;
  auto evaluate = [&](absl::Time time, std::string_view cause) {
    domain::Readiness result =
        domain::Evaluate(policy->compiled.policy(), InputOf(state), state.readiness, time);
    state.readiness = std::move(result.state);
    state.due_time = result.next_due;
    const Told next{&state, policy, time};
    if (last.lead != nullptr && !IsNews(last, next)) return;
    // The score at the begin is no change, unless the lead was created then.
    if (time > begin || begin == created) {
      played.changes.push_back({last.lead == nullptr ? v1::Score() : ToScore(told, *last.policy, last.time),
                                ToScore(state, *policy, time), std::string(cause), time});
    }
    told = state;
    last = {&told, policy, time};
  };
  auto fade_until = [&](absl::Time time) {
    while (state.due_time <= time) {
      const absl::Time due = state.due_time;
      evaluate(due, "fading");
      if (state.due_time <= due) break;
    }
  };

  for (const auto& [time, moment] : moments) {
    if (time > now) break;
    RETURN_IF_ERROR(check());
    fade_until(time);
    bool recompute = false;
    if (moment.policy != nullptr) {
      policy = moment.policy;
      recompute = true;
    }
    if (moment.facts != nullptr) {
      facts = moment.facts;
      state.gates = facts->gates;
      state.outcome_time = facts->facts.outcome_time;
      state.history_time = facts->facts.history_time;
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
    if (recompute) state.engagement = domain::Recompute(policy->compiled, known, start());
    if (moment.ending != nullptr) {
      domain::Close(state.readiness, time);
      state.quiet_until = std::max(state.quiet_until, moment.ending->quiet_until);
    }
    if (counted || recompute || moment.facts != nullptr || moment.ending != nullptr)
      evaluate(time, CauseName(moment));
  }
  fade_until(now);
  played.policy = policy;
  return played;
}

}  // namespace finalmile::leads::scoring
