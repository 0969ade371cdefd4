#include "services/leads/domain/course.h"

#include <algorithm>
#include <functional>
#include <limits>
#include <utility>

#include "libs/base/clock.h"
#include "services/leads/domain/fading.h"

namespace finalmile::leads::domain {
namespace {

constexpr size_t kMostCandidates = 100;
constexpr size_t kMostSteps = size_t{1} << 20;
// Two engagements that are closer than this, relative to them, are one threshold: rounding must not part
// them.
constexpr double kRounding = 1e-9;

// Plays one lead.
class Player {
 public:
  Player(const Policy& policy, absl::Time from) : policy_(policy), from_(from) {}

  void Until(absl::Time time) {
    while (input_ != nullptr && due_ <= time) {
      const absl::Time due = due_;
      Evaluate(due);
      if (due_ <= due) break;
    }
  }
  void Take(const Turn& turn) {
    input_ = &turn.input;
    Evaluate(turn.time);
  }
  std::vector<Crossing> crossings;

 private:
  void Evaluate(absl::Time time) {
    // Lifting a request from a scored lane opens none.
    bool open = !state_.lane.empty() && !state_.by_hand_raise;
    Readiness result = domain::Evaluate(policy_, *input_, state_, time);
    for (const Transition& transition : result.transitions) {
      if (std::holds_alternative<Cooled>(transition)) open = false;
      const auto* ready = std::get_if<BecameSalesReady>(&transition);
      if (ready != nullptr && !open && time >= from_) crossings.push_back({time, ready->by_hand_raise});
    }
    state_ = std::move(result.state);
    due_ = result.next_due;
  }

  const Policy& policy_;
  const absl::Time from_;
  const ReadinessInput* input_ = nullptr;
  ReadinessState state_;
  absl::Time due_ = absl::InfiniteFuture();
};

}  // namespace

Course::Course(const CompiledPolicy& policy, std::vector<Standing> standings, EngagementState aged)
    : recount_(policy, std::move(aged)), standings_(std::move(standings)) {}

ReadinessInput Course::input() const {
  ReadinessInput input = standings_[standing_].facts;
  input.engagement = recount_.state().engagement;
  input.last_hand_raise = recount_.state().last_hand_raise;
  return input;
}

void Course::Count(const Activity& activity) {
  Advance(activity.event_time);
  const Counted counted = recount_.Count(activity);
  if (counted.signal != nullptr && counted.units > 0) Note(activity.event_time);
}

void Course::Advance(absl::Time time) {
  while (standing_ + 1 < standings_.size() && standings_[standing_ + 1].time <= time)
    Note(standings_[++standing_].time);
}

void Course::Note(absl::Time time) {
  if (turns_.empty() || turns_.back().time < time) turns_.push_back({time, {}});
  turns_.back().input = input();
}

std::vector<Crossing> Play(const Policy& policy, std::span<const Turn> turns, absl::Time from,
                           absl::Time until) {
  Player player(policy, from);
  for (const Turn& turn : turns) {
    if (turn.time > until) break;
    // A turn at the very moment of a due time is played with it.
    player.Until(turn.time - absl::Microseconds(1));
    player.Take(turn);
  }
  player.Until(until);
  return std::move(player.crossings);
}

ThresholdSearch::ThresholdSearch(Policy policy, Lanes lanes, absl::Time from, absl::Time until)
    : given_(std::move(policy)), policy_(given_), from_(from), until_(until) {
  for (size_t i = 0; i < given_.lanes.size(); ++i) {
    if (given_.lanes[i].hand_raise) continue;
    lanes_.push_back(i);
    if (lanes == Lanes::kFirst) break;
  }
}

std::vector<double> ThresholdSearch::Candidates(std::span<const Turn> turns) const {
  std::vector<double> candidates;
  const auto consider = [&](const ReadinessInput& input, absl::Time time) {
    const bool fits = std::any_of(lanes_.begin(), lanes_.end(),
                                  [&](size_t lane) { return input.fit >= given_.lanes[lane].min_fit; });
    if (input.gated || !fits || time > until_) return;
    const double engagement = std::min(EngagementAt(input.engagement, time), kMaxPoints);
    if (engagement * (1 - 2 * kRounding) > policy_.cool_below) candidates.push_back(engagement);
  };
  size_t then = 0;
  for (const Turn& turn : turns) {
    consider(turn.input, turn.time);
    // One that crossed here may cross again then.
    const absl::Time again = turn.time + policy_.recross_after;
    while (then + 1 < turns.size() && turns[then + 1].time <= again) ++then;
    consider(turns[then].input, again);
  }
  std::sort(candidates.begin(), candidates.end(), std::greater<>());
  candidates.erase(std::unique(candidates.begin(), candidates.end()), candidates.end());
  if (candidates.size() <= kMostCandidates) return candidates;
  std::vector<double> some;
  for (size_t i = 0; i < kMostCandidates; ++i)
    some.push_back(candidates[i * (candidates.size() - 1) / (kMostCandidates - 1)]);
  return some;
}

ThresholdSearch::Step ThresholdSearch::PlayAt(double min_engagement, std::span<const Turn> turns) {
  for (const size_t lane : lanes_) {
    // What a single lane asks is replaced; of several it is the least.
    policy_.lanes[lane].min_engagement =
        lanes_.size() == 1 ? min_engagement : std::max(min_engagement, given_.lanes[lane].min_engagement);
  }
  Step step{.engagement = min_engagement};
  for (const Crossing& crossing : Play(policy_, turns, from_, until_))
    ++(crossing.by_hand_raise ? step.hand_raises : step.scored);
  return step;
}

void ThresholdSearch::Add(std::span<const Turn> turns) {
  if (lanes_.empty() || turns.empty()) return;
  Step last = PlayAt(std::numeric_limits<double>::infinity(), turns);
  hand_raises_ += last.hand_raises;
  scored_ += last.scored;
  for (const double engagement : Candidates(turns)) {
    const Step step = PlayAt(engagement, turns);
    const int32_t hand_raises = step.hand_raises - last.hand_raises;
    const int32_t scored = step.scored - last.scored;
    if (hand_raises != 0 || scored != 0) steps_.push_back({engagement, hand_raises, scored});
    last = step;
  }
  if (steps_.size() > kMostSteps) Halve();
}

void ThresholdSearch::Halve() {
  std::sort(steps_.begin(), steps_.end(),
            [](const Step& a, const Step& b) { return a.engagement > b.engagement; });
  // The higher threshold of two takes the crossings of both, so that none lets in more than is said.
  for (size_t i = 0; i + 1 < steps_.size(); i += 2) {
    steps_[i / 2] = {steps_[i].engagement, steps_[i].hand_raises + steps_[i + 1].hand_raises,
                     steps_[i].scored + steps_[i + 1].scored};
  }
  if (steps_.size() % 2 == 1) steps_[steps_.size() / 2] = steps_.back();
  steps_.resize((steps_.size() + 1) / 2);
}

std::optional<ThresholdSearch::Found> ThresholdSearch::Best(int64_t most) {
  if (lanes_.empty() || hand_raises_ + scored_ > most) return std::nullopt;
  Found found{given_.lanes[lanes_.front()].min_engagement, hand_raises_, scored_};
  if (steps_.empty()) return found;
  std::sort(steps_.begin(), steps_.end(),
            [](const Step& a, const Step& b) { return a.engagement > b.engagement; });
  // Above all of them.
  found.min_engagement = std::min(steps_.front().engagement * (1 + kRounding), kMaxPoints);
  Found next = found;
  for (size_t i = 0; i < steps_.size(); ++i) {
    next.hand_raises += steps_[i].hand_raises;
    next.scored += steps_[i].scored;
    const bool tied =
        i + 1 < steps_.size() && steps_[i + 1].engagement >= steps_[i].engagement * (1 - kRounding);
    if (tied) continue;
    if (next.hand_raises + next.scored > most) break;
    next.min_engagement = steps_[i].engagement * (1 - kRounding);
    found = next;
  }
  return found;
}

}  // namespace finalmile::leads::domain
