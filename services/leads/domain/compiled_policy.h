#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "services/leads/domain/activity.h"
#include "services/leads/domain/policy.h"

namespace finalmile::leads::domain {

// How the units of a limit are counted together: all, by UTC ISO week, or by subject.
enum class LimitScope : uint8_t { kNone, kEver, kWeek, kSubject };

// A signal as scoring reads it.
struct CompiledSignal {
  // Position in Policy::signals.
  size_t index = 0;
  double points = 0;
  HalfLife half_life = HalfLife::kUnspecified;
  LimitScope scope = LimitScope::kNone;
  // Most units that count in one bucket of the scope; not whole for points_per_week.
  double max_units = std::numeric_limits<double>::infinity();
  bool hand_raise = false;
  double min_seconds = 0;
  // Lower case, sorted; empty: any.
  std::vector<std::string> subjects;
  std::vector<std::pair<std::string, std::vector<std::string>>> properties;
};

// A policy prepared for scoring: signals by activity type, texts in lower case. Immutable; thread-safe.
class CompiledPolicy {
 public:
  // `policy` has no violations (Validate).
  explicit CompiledPolicy(Policy policy);

  const Policy& policy() const { return policy_; }
  const std::vector<CompiledSignal>& signals() const { return signals_; }
  // The same across restarts and platforms. Policies whose signals or limits differ have, almost surely,
  // another one.
  uint64_t fingerprint() const { return fingerprint_; }

  // The first signal of the policy that matches `activity`. Null: none, or the activity is
  // outbound or automated.
  const CompiledSignal* Match(const Activity& activity) const;

 private:
  Policy policy_;
  std::vector<CompiledSignal> signals_;
  // Activity type -> positions in signals_, rising.
  std::map<std::string, std::vector<size_t>, std::less<>> by_type_;
  uint64_t fingerprint_ = 0;
};

}  // namespace finalmile::leads::domain
