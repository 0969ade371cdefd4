#include "services/leads/domain/policy.h"

#include <fmt/format.h>

#include <cmath>
#include <set>
#include <string_view>

#include "services/leads/domain/text.h"

namespace finalmile::leads::domain {
namespace {

constexpr std::string_view kPolicyPrefix = "policies/";

class Validator {
 public:
  std::vector<Violation> Run(const Policy& policy) {
    const std::string_view name = policy.name;
    if (name.substr(0, kPolicyPrefix.size()) != kPolicyPrefix ||
        !IsName(name.substr(kPolicyPrefix.size()), 63, "-")) {
      Add("name", "must be policies/ and then a-z, 0-9 and -, starting with a letter, at most 63 characters");
    }
    if (Characters(policy.description) > 1024)
      Add("description", "has more than 1024 characters; shorten it");
    Fit(policy);
    Signals(policy);
    Lanes(policy);
    Edges(policy.grade_edges);
    Bounded("cool_below", policy.cool_below, 0, kMaxPoints);
    if (policy.recross_after < absl::ZeroDuration() || policy.recross_after > kMaxRecrossAfter) {
      Add("recross_after", "must be between 0 and 366 days");
    }
    return std::move(violations_);
  }

 private:
  void Add(std::string field, std::string description) {
    violations_.push_back({std::move(field), std::move(description)});
  }

  void Bounded(std::string field, double value, double min, double max) {
    if (!(value >= min && value <= max))
      Add(std::move(field), fmt::format("must be between {} and {}", min, max));
  }

  template <typename List>
  bool Sized(const std::string& field, const List& list, size_t min, size_t max) {
    if (list.size() >= min && list.size() <= max) return true;
    Add(field, fmt::format("must have {} to {} entries, not {}", min, max, list.size()));
    return false;
  }

  // A name that is unique among those before it.
  void UniqueName(const std::string& field, const std::string& name, std::string_view also,
                  std::set<std::string_view>& seen) {
    if (!IsName(name, 64, also)) {
      Add(field, fmt::format("must be 1 to 64 characters of a-z, 0-9 and {}, starting with a letter", also));
    } else if (!seen.insert(name).second) {
      Add(field, fmt::format("\"{}\" is used twice; names are unique", name));
    }
  }

  void Text(const std::string& field, const std::string& text) {
    if (text::TrimSpace(text).empty()) Add(field, "is empty; say it for people");
    if (Characters(text) > kMaxTextCharacters) Add(field, "has more than 256 characters; shorten it");
  }

  void Values(const std::string& field, const std::vector<std::string>& values) {
    Sized(field, values, 1, kMaxTextValues);
    for (size_t i = 0; i < values.size(); ++i) {
      const std::string at = fmt::format("{}[{}]", field, i);
      if (text::TrimSpace(values[i]).empty()) Add(at, "is empty");
      if (Characters(values[i]) > kMaxTextCharacters) Add(at, "has more than 256 characters; shorten it");
    }
  }

  void Fit(const Policy& policy) {
    Sized("fit_groups", policy.fit_groups, 1, kMaxFitGroups);
    std::set<std::string_view> groups, criteria;
    for (size_t g = 0; g < policy.fit_groups.size(); ++g) {
      const FitGroup& group = policy.fit_groups[g];
      const std::string at = fmt::format("fit_groups[{}]", g);
      UniqueName(at + ".name", group.name, "_", groups);
      if (!(group.cap > 0 && group.cap <= kMaxPoints)) {
        Add(at + ".cap", fmt::format("must be above 0 and at most {}", kMaxPoints));
      }
      Sized(at + ".criteria", group.criteria, 1, kMaxCriteria);
      for (size_t c = 0; c < group.criteria.size(); ++c) {
        const FitCriterion& criterion = group.criteria[c];
        const std::string here = fmt::format("{}.criteria[{}]", at, c);
        UniqueName(here + ".name", criterion.name, "_", criteria);
        Sized(here + ".options", criterion.options, 1, kMaxOptions);
        for (size_t o = 0; o < criterion.options.size(); ++o) {
          Option(fmt::format("{}.options[{}]", here, o), criterion.options[o]);
        }
      }
    }
  }

  void Option(const std::string& at, const FitOption& option) {
    Text(at + ".text", option.text);
    Bounded(at + ".points", option.points, -kMaxPoints, kMaxPoints);
    Sized(at + ".all", option.all, 1, kMaxConditions);
    for (size_t i = 0; i < option.all.size(); ++i) Test(fmt::format("{}.all[{}]", at, i), option.all[i]);
  }

  void Test(const std::string& at, const Condition& condition) {
    if (!IsName(condition.attribute, 64, "_.")) {
      Add(at + ".attribute", "must be 1 to 64 characters of a-z, 0-9, _ and ., starting with a letter");
    }
    if (std::holds_alternative<std::monostate>(condition.test)) {
      Add(at, "has no test; give one_of, contains, range, present, domain_not_in or is");
    } else if (const auto* one_of = std::get_if<OneOf>(&condition.test)) {
      Values(at + ".one_of.values", one_of->values);
    } else if (const auto* contains = std::get_if<Contains>(&condition.test)) {
      Values(at + ".contains.values", contains->values);
      for (size_t i = 0; i < contains->values.size(); ++i) {
        if (!text::TrimSpace(contains->values[i]).empty() && SpacedWords(contains->values[i]).empty()) {
          Add(fmt::format("{}.contains.values[{}]", at, i), "has no letter or digit to look for");
        }
      }
    } else if (const auto* domains = std::get_if<DomainNotIn>(&condition.test)) {
      Values(at + ".domain_not_in.values", domains->values);
    } else if (const auto* range = std::get_if<Range>(&condition.test)) {
      if (!range->min && !range->max) Add(at + ".range", "is open on both sides; use present instead");
      if (range->min && !std::isfinite(*range->min)) Add(at + ".range.min", "must be a finite number");
      if (range->max && !std::isfinite(*range->max)) Add(at + ".range.max", "must be a finite number");
      if (range->min && range->max && !(*range->min < *range->max))
        Add(at + ".range", "min must be below max");
    }
  }

  void Signals(const Policy& policy) {
    Sized("signals", policy.signals, 1, kMaxSignals);
    std::set<std::string_view> names;
    for (size_t i = 0; i < policy.signals.size(); ++i) {
      const Signal& signal = policy.signals[i];
      const std::string at = fmt::format("signals[{}]", i);
      UniqueName(at + ".name", signal.name, "_", names);
      Text(at + ".text", signal.text);
      Match(at + ".match", signal.match);
      if (!(signal.points >= 0 && signal.points <= kMaxPoints)) {
        Add(at + ".points",
            fmt::format("must be between 0 and {}: in engagement negatives are gates, not points",
                        kMaxPoints));
      }
      if (signal.points > 0 && signal.half_life == HalfLife::kUnspecified) {
        Add(at + ".half_life", "must be HALF_LIFE_SHORT or HALF_LIFE_LONG when the signal gives points");
      }
      if (signal.limit) LimitBounds(at + ".limit", *signal.limit);
    }
  }

  void Match(const std::string& at, const ActivityMatch& match) {
    Sized(at + ".types", match.types, 1, kMaxTextValues);
    for (size_t i = 0; i < match.types.size(); ++i) {
      if (!IsToken(match.types[i], 64, "_")) {
        Add(fmt::format("{}.types[{}]", at, i), "must be 1 to 64 characters of a-z, 0-9 and _");
      }
    }
    if (!match.subjects.empty()) Values(at + ".subjects", match.subjects);
    if (!(match.min_seconds >= 0 && std::isfinite(match.min_seconds))) {
      Add(at + ".min_seconds", "must be a number of at least 0");
    }
    for (const auto& [name, values] : match.properties) {
      const std::string here = fmt::format("{}.properties[{}]", at, name);
      if (!IsName(name, 64, "_")) Add(here, "name must be a-z, 0-9 and _, starting with a letter");
      Values(here + ".values", values);
    }
  }

  void LimitBounds(const std::string& at, const Limit& limit) {
    if (limit.kind == Limit::Kind::kPointsPerWeek) {
      if (!(limit.amount > 0 && limit.amount <= kMaxPoints)) {
        Add(at + ".points_per_week", fmt::format("must be above 0 and at most {}", kMaxPoints));
      }
      return;
    }
    if (!(limit.amount >= 1 && limit.amount <= kMaxLimitUnits) || limit.amount != std::floor(limit.amount)) {
      const std::string_view kind = limit.kind == Limit::Kind::kFirst     ? "first"
                                    : limit.kind == Limit::Kind::kPerWeek ? "per_week"
                                                                          : "per_subject";
      Add(fmt::format("{}.{}", at, kind), fmt::format("must be a whole number from 1 to {}", kMaxLimitUnits));
    }
  }

  void Lanes(const Policy& policy) {
    Sized("lanes", policy.lanes, 1, kMaxLanes);
    std::set<std::string_view> names;
    for (size_t i = 0; i < policy.lanes.size(); ++i) {
      const Lane& lane = policy.lanes[i];
      const std::string at = fmt::format("lanes[{}]", i);
      UniqueName(at + ".name", lane.name, "_-", names);
      Bounded(at + ".min_fit", lane.min_fit, 0, 100);
      if (!lane.situation.empty() && !IsToken(lane.situation, 64, "-"))
        Add(at + ".situation", "must be 1 to 64 characters of a-z, 0-9 and -, or empty");
      if (lane.hand_raise) {
        if (lane.min_engagement != 0) Add(at + ".min_engagement", "must be 0: a hand-raise needs no points");
        continue;
      }
      Bounded(at + ".min_engagement", lane.min_engagement, 0, kMaxPoints);
      if (lane.min_engagement <= policy.cool_below) {
        Add(at + ".min_engagement", "must be above cool_below, or leads cool as they cross");
      }
    }
  }

  void Edges(const GradeEdges& edges) {
    Falling("fit", "abc", {edges.fit_a, edges.fit_b, edges.fit_c}, 100);
    Falling("engagement", "123", {edges.engagement_1, edges.engagement_2, edges.engagement_3}, kMaxPoints);
  }

  void Falling(std::string_view part, std::string_view letters, const std::vector<double>& edges,
               double max) {
    for (size_t i = 0; i < edges.size(); ++i) {
      const std::string at = fmt::format("grade_edges.{}_{}", part, letters[i]);
      if (!(edges[i] >= 0 && edges[i] <= max)) {
        Add(at, fmt::format("must be between 0 and {}", max));
      } else if (i > 0 && !(edges[i] < edges[i - 1])) {
        Add(at, fmt::format("must be below {}_{}", part, letters[i - 1]));
      }
    }
  }

  std::vector<Violation> violations_;
};

}  // namespace

std::vector<Violation> Validate(const Policy& policy) { return Validator().Run(policy); }

}  // namespace finalmile::leads::domain
