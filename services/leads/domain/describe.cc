#include "services/leads/domain/describe.h"

#include <fmt/format.h>

#include <vector>

namespace finalmile::leads::domain {
namespace {

// "a, b or c"; of more than four the first two are named.
std::string Any(const std::vector<std::string>& values) {
  if (values.size() > 4) return fmt::format("{}, {} or {} others", values[0], values[1], values.size() - 2);
  std::string text;
  for (size_t i = 0; i < values.size(); ++i) {
    if (i > 0) text += i + 1 == values.size() ? " or " : ", ";
    text += values[i];
  }
  return text;
}

std::string_view Plural(double amount, std::string_view one, std::string_view many) {
  return amount == 1 ? one : many;
}

std::string Describe(const Limit& limit) {
  switch (limit.kind) {
    case Limit::Kind::kFirst:
      return limit.amount == 1 ? "once" : fmt::format("the first {}", limit.amount);
    case Limit::Kind::kPerWeek:
      return fmt::format("at most {} per week", limit.amount);
    case Limit::Kind::kPointsPerWeek:
      return fmt::format("at most {} points per week", limit.amount);
    case Limit::Kind::kPerSubject:
      return limit.amount == 1 ? "once for each subject"
                               : fmt::format("the first {} for each subject", limit.amount);
  }
  return {};
}

struct ConditionText {
  std::string operator()(std::monostate) const { return "has no test"; }
  std::string operator()(const OneOf& test) const { return "is " + Any(test.values); }
  std::string operator()(const Contains& test) const { return "contains " + Any(test.values); }
  std::string operator()(const Present& test) const { return test.value ? "is known" : "is not known"; }
  std::string operator()(const Is& test) const { return test.value ? "is true" : "is false"; }
  std::string operator()(const DomainNotIn& test) const { return "is not at " + Any(test.values); }
  std::string operator()(const Range& test) const {
    if (!test.max) return fmt::format("is at least {}", test.min.value_or(0));
    if (!test.min) return fmt::format("is below {}", *test.max);
    return fmt::format("is at least {} and below {}", *test.min, *test.max);
  }
};

struct TransitionText {
  std::string operator()(const BecameSalesReady& ready) const { return "sales-ready: " + ready.lane; }
  std::string operator()(const Cooled& cooled) const {
    return cooled.cause == Cooled::Cause::kFaded ? "cooled: engagement faded"
                                                 : "no longer sales-ready: a gate was set";
  }
  std::string operator()(const BandChanged& band) const {
    return fmt::format("{} became {}", band.from, band.to);
  }
};

}  // namespace

std::string Describe(const Signal& signal) {
  std::string text = signal.text + ":";
  if (signal.points > 0) {
    text +=
        fmt::format(" {} {}, half of them gone in {} days", signal.points,
                    Plural(signal.points, "point", "points"), signal.half_life == HalfLife::kShort ? 7 : 30);
    if (signal.limit) text += ", " + Describe(*signal.limit);
  } else {
    text += " no points";
  }
  if (signal.hand_raise) text += ", a hand-raise";
  return text;
}

std::string Describe(const Condition& condition) {
  return fmt::format("{} {}", condition.attribute, std::visit(ConditionText{}, condition.test));
}

std::string Describe(const FitCriterion& criterion) {
  std::string text = criterion.name + ":";
  for (size_t i = 0; i < criterion.options.size(); ++i) {
    text += fmt::format("{} {} {}", i > 0 ? "," : "", criterion.options[i].text, criterion.options[i].points);
  }
  return text;
}

std::string Describe(const Lane& lane) {
  if (lane.hand_raise) return fmt::format("{}: a hand-raise and fit at least {}", lane.name, lane.min_fit);
  return fmt::format("{}: fit at least {} and engagement at least {}", lane.name, lane.min_fit,
                     lane.min_engagement);
}

std::string Describe(const Transition& transition) { return std::visit(TransitionText{}, transition); }

}  // namespace finalmile::leads::domain
