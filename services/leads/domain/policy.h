#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "absl/time/time.h"
#include "services/leads/domain/violation.h"

namespace finalmile::leads::domain {

// The structs mirror policy.proto, field by field, and policy.proto explains them.

struct OneOf {
  std::vector<std::string> values;
};
struct Contains {
  std::vector<std::string> values;
};
// min <= x < max; an absent side is open.
struct Range {
  std::optional<double> min;
  std::optional<double> max;
};
struct Present {
  bool value = true;
};
struct DomainNotIn {
  std::vector<std::string> values;
};
struct Is {
  bool value = true;
};

struct Condition {
  std::string attribute;
  std::variant<std::monostate, OneOf, Contains, Range, Present, DomainNotIn, Is> test;
};

struct FitOption {
  std::string text;
  double points = 0;
  std::vector<Condition> all;
};

struct FitCriterion {
  std::string name;
  std::vector<FitOption> options;
};

struct FitGroup {
  std::string name;
  double cap = 0;
  std::vector<FitCriterion> criteria;
};

enum class HalfLife { kUnspecified = 0, kShort = 1, kLong = 2 };

struct ActivityMatch {
  std::vector<std::string> types;
  std::vector<std::string> subjects;
  double min_seconds = 0;
  std::map<std::string, std::vector<std::string>> properties;
};

struct Limit {
  enum class Kind { kFirst, kPerWeek, kPointsPerWeek, kPerSubject };
  Kind kind = Kind::kFirst;
  // Units, whole; for kPointsPerWeek points.
  double amount = 0;
};

struct Signal {
  std::string name;
  std::string text;
  ActivityMatch match;
  double points = 0;
  HalfLife half_life = HalfLife::kUnspecified;
  std::optional<Limit> limit;
  bool hand_raise = false;
};

struct Lane {
  std::string name;
  bool hand_raise = false;
  double min_fit = 0;
  double min_engagement = 0;
  std::string situation = {};
};

struct GradeEdges {
  double fit_a = 0;
  double fit_b = 0;
  double fit_c = 0;
  double engagement_1 = 0;
  double engagement_2 = 0;
  double engagement_3 = 0;

  friend bool operator==(const GradeEdges&, const GradeEdges&) = default;
};

struct Policy {
  // "policies/b2b-software-1".
  std::string name;
  std::string description;
  std::vector<FitGroup> fit_groups;
  std::vector<Signal> signals;
  std::vector<Lane> lanes;
  double cool_below = 0;
  absl::Duration recross_after = absl::ZeroDuration();
  GradeEdges grade_edges;
};

// Bounds that policy.proto leaves to the server. They keep a policy readable and a score finite.
inline constexpr size_t kMaxFitGroups = 20;
inline constexpr size_t kMaxCriteria = 50;
inline constexpr size_t kMaxOptions = 50;
inline constexpr size_t kMaxConditions = 10;
inline constexpr size_t kMaxTextValues = 500;
inline constexpr size_t kMaxTextCharacters = 256;
inline constexpr size_t kMaxSignals = 200;
inline constexpr size_t kMaxLanes = 10;
inline constexpr double kMaxPoints = 10'000;
inline constexpr double kMaxLimitUnits = 50;
inline constexpr absl::Duration kMaxRecrossAfter = absl::Hours(24 * 366);

// Everything that is wrong with `policy`; empty: it can be published and compiled.
std::vector<Violation> Validate(const Policy& policy);

}  // namespace finalmile::leads::domain
