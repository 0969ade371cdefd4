#include "services/catalog/usage/domain/credit.h"

#include <algorithm>
#include <functional>
#include <optional>

namespace finalmile::catalog::usage::domain {
namespace {

// The more telling of two outcomes; absent: no meeting.
std::optional<Outcome> Better(std::optional<Outcome> a, std::optional<Outcome> b) {
  if (!a || !b) return a ? a : b;
  if (a == Outcome::kHeld || b == Outcome::kHeld) return Outcome::kHeld;
  return a == Outcome::kLeftOut ? b : a;
}

// What became of the meetings that count for something that was at `time` and that `concern` it.
std::optional<Outcome> OutcomeOf(const LeadFacts& facts, absl::Time time,
                                 const std::function<bool(const Meeting&)>& concerns) {
  std::optional<Outcome> best;
  for (const auto& [chain, meeting] : facts.meetings) {
    if (meeting.set_time <= time + kMaturity && concerns(meeting)) best = Better(best, meeting.outcome);
  }
  return best;
}

Counts CountsOf(std::optional<Outcome> outcome) {
  if (outcome == Outcome::kLeftOut) return {};
  return {1, outcome ? 1 : 0, outcome == Outcome::kHeld ? 1 : 0};
}

bool Met(const Meeting& meeting, const LeadUse& use) {
  return std::any_of(meeting.touches.begin(), meeting.touches.end(), [&](const Touch& touch) {
    return touch.asset == use.version.first && touch.version == use.version.second &&
           use.time <= touch.told_time;
  });
}

// Uses of a version that count as one.
struct Attempt {
  const LeadUse* first;
  std::optional<Outcome> outcome;
};

std::vector<Attempt> AttemptsOf(const LeadFacts& facts) {
  std::vector<const LeadUse*> uses;
  for (const LeadUse& use : facts.uses) {
    if (use.counted) uses.push_back(&use);
  }
  std::sort(uses.begin(), uses.end(), [](const LeadUse* a, const LeadUse* b) {
    return std::tie(a->version, a->time, a->id) < std::tie(b->version, b->time, b->id);
  });
  std::vector<Attempt> attempts;
  for (const LeadUse* use : uses) {
    const bool further = !attempts.empty() && attempts.back().first->version == use->version &&
                         use->time < attempts.back().first->time + kMaturity;
    if (!further) attempts.push_back({use, std::nullopt});
    Attempt& attempt = attempts.back();
    attempt.outcome = Better(attempt.outcome,
                             OutcomeOf(facts, use->time, [&](const Meeting& of) { return Met(of, *use); }));
  }
  return attempts;
}

}  // namespace

void Sums::Add(const Sums& other, int64_t sign) {
  for (const auto& [key, counts] : other.cells) {
    Counts& cell = cells[key];
    cell.matured += sign * counts.matured;
    cell.set += sign * counts.set;
    cell.held += sign * counts.held;
  }
  for (const auto& [key, counts] : other.arms) {
    Arm& arm = arms[key];
    arm.matured += sign * counts.matured;
    arm.held += sign * counts.held;
  }
}

Sums CountLead(const LeadFacts& facts) {
  Sums sums;
  for (const Attempt& attempt : AttemptsOf(facts)) {
    const Counts counts = CountsOf(attempt.outcome);
    Counts& cell = sums.cells[{attempt.first->version, attempt.first->grade, attempt.first->stage}];
    cell.matured += counts.matured;
    cell.set += counts.set;
    cell.held += counts.held;
  }
  for (const LeadTrial& trial : facts.trials) {
    if (!trial.counted) continue;
    const Counts counts = CountsOf(
        OutcomeOf(facts, trial.time, [&](const Meeting& meeting) { return meeting.set_time >= trial.time; }));
    Arm& arm = sums.arms[{trial.kind, trial.withheld}];
    arm.matured += counts.matured;
    arm.held += counts.held;
  }
  return sums;
}

}  // namespace finalmile::catalog::usage::domain
