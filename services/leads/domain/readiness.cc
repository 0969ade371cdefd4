#include "services/leads/domain/readiness.h"

#include <algorithm>

#include "services/leads/domain/grade.h"

namespace finalmile::leads::domain {
namespace {

// The resolution of stored times.
constexpr absl::Duration kTick = absl::Microseconds(1);

bool IsReady(const ReadinessState& state) { return !state.lane.empty(); }

class Evaluation {
 public:
  Evaluation(const Policy& policy, const ReadinessInput& input, const ReadinessState& before, absl::Time now)
      : policy_(policy), input_(input), now_(now) {
    result_.state = before;
    result_.engagement = EngagementAt(input.engagement, now);
  }

  Readiness Run() {
    Band();
    if (input_.gated) {
      if (IsReady(state())) Cool(Cooled::Cause::kGated);
    } else {
      if (IsReady(state()) && IsClosed() && !(state().by_hand_raise && RaisedSince()))
        Cool(Cooled::Cause::kClosed);
      if (IsReady(state()) && !state().by_hand_raise && result_.engagement < policy_.cool_below) {
        Cool(Cooled::Cause::kFaded);
      }
      if (const Lane* lane = FirstThatLetsIn()) Enter(*lane);
    }
    Schedule();
    return std::move(result_);
  }

 private:
  ReadinessState& state() { return result_.state; }

  void Band() {
    std::string grade = Grade(policy_.grade_edges, input_.fit, result_.engagement);
    if (grade == state().grade) return;
    if (!state().grade.empty()) result_.transitions.emplace_back(BandChanged{state().grade, grade});
    state().grade = std::move(grade);
  }

  void Cool(Cooled::Cause cause) {
    result_.transitions.emplace_back(Cooled{state().lane, cause});
    // The hand-raise itself, and those after it, are not spent any more; earlier ones are.
    if (cause == Cooled::Cause::kGated && state().by_hand_raise && !state().claimed)
      state().hand_raise_used -= kTick;
    Close(state(), now_);
  }

  bool IsClosed() const { return input_.outcome_time != absl::InfinitePast(); }
  // A hand-raise came after the outcome, and is no history.
  bool RaisedSince() const {
    return input_.last_hand_raise > std::max(input_.outcome_time, input_.history_time);
  }
  // Whether points may let the lead in.
  bool PointsCount() const {
    if (IsClosed()) return false;
    const FadingValue& a = input_.engagement.short_half_life;
    const FadingValue& b = input_.engagement.long_half_life;
    return (a.value > 0 && a.time > input_.history_time) || (b.value > 0 && b.time > input_.history_time);
  }

  bool MayRecross() { return now_ - state().last_crossing >= policy_.recross_after; }
  bool MayCrossByPoints() { return now_ >= RecrossTime(policy_, state(), input_.quiet_until); }

  bool LetsIn(const Lane& lane) {
    if (input_.fit < lane.min_fit) return false;
    if (lane.hand_raise) {
      if (IsReady(state()) && state().by_hand_raise && !MayRecross()) return false;
      return input_.last_hand_raise > state().hand_raise_used && RaisedSince() &&
             now_ - input_.last_hand_raise <= kHandRaiseLife;
    }
    return !IsReady(state()) && PointsCount() && result_.engagement >= lane.min_engagement &&
           MayCrossByPoints();
  }

  const Lane* FirstThatLetsIn() {
    for (const bool hand_raise : {true, false}) {
      for (const Lane& lane : policy_.lanes) {
        if (lane.hand_raise == hand_raise && LetsIn(lane)) return &lane;
      }
    }
    return nullptr;
  }

  void Enter(const Lane& lane) {
    state().lane = lane.name;
    state().by_hand_raise = lane.hand_raise;
    state().last_crossing = now_;
    state().claimed = false;
    if (lane.hand_raise) state().hand_raise_used = std::max(state().hand_raise_used, input_.last_hand_raise);
    result_.transitions.emplace_back(BecameSalesReady{lane.name, lane.hand_raise});
  }

  void Schedule() {
    const GradeEdges& edges = policy_.grade_edges;
    result_.next_band_time =
        FallsBelowNext(input_.engagement, {edges.engagement_1, edges.engagement_2, edges.engagement_3}, now_);
    result_.next_due = result_.next_band_time;
    if (input_.gated) return;
    if (IsReady(state())) {
      if (!state().by_hand_raise) Due(FallsBelow(input_.engagement, policy_.cool_below, now_));
    } else if (!MayCrossByPoints() && PointsCount() &&
               std::any_of(policy_.lanes.begin(), policy_.lanes.end(), [&](const Lane& lane) {
                 return !lane.hand_raise && input_.fit >= lane.min_fit &&
                        result_.engagement >= lane.min_engagement;
               })) {
      Due(RecrossTime(policy_, state(), input_.quiet_until));
    }
  }

  void Due(absl::Time time) { result_.next_due = std::min(result_.next_due, time); }

  const Policy& policy_;
  const ReadinessInput& input_;
  const absl::Time now_;
  Readiness result_;
};

}  // namespace

Readiness Evaluate(const Policy& policy, const ReadinessInput& input, const ReadinessState& before,
                   absl::Time now) {
  return Evaluation(policy, input, before, now).Run();
}

absl::Time RecrossTime(const Policy& policy, const ReadinessState& state, absl::Time quiet_until) {
  return std::max(std::max(state.last_crossing, state.ended) + policy.recross_after, quiet_until);
}

void Close(ReadinessState& state, absl::Time now) {
  state.ended = now;
  state.lane.clear();
  state.by_hand_raise = false;
}

}  // namespace finalmile::leads::domain
