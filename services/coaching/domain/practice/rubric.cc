#include "services/coaching/domain/practice/rubric.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "libs/base/text.h"

namespace finalmile::coaching {
namespace {

constexpr size_t kLongestName = 64;
constexpr double kWeightTolerance = 1e-9;

std::string NameRule() {
  return fmt::format("must be 1 to {} characters of a-z, 0-9, _ and -", kLongestName);
}
std::string LongText() { return fmt::format("must have 1 to {} characters", kLongestCriterionText); }

bool IsText(std::string_view text) {
  return !Trim(text).empty() && Characters(text) <= kLongestCriterionText;
}

}  // namespace

const Rubric& FirstConversation() {
  static const auto& rubric = *new Rubric{
      "first-conversation-1",
      {{"opening",
        "Purpose, time and an agreed agenda",
        .10,
        {"No purpose is named", "The purpose is named, time and agenda are not",
         "Purpose and time are named, the guest is told the agenda",
         "Purpose and time are named, and the guest has agreed to the agenda"}},
       {"discovery",
        "The guest's problem and what it costs, in the guest's words",
        .25,
        {"No question about a problem", "A problem is named by us alone",
         "The guest names a problem, its cost stays open", "The guest names the problem and what it costs"}},
       {"value",
        "Our outcome for that problem, with a number and proof",
        .25,
        {"Features only", "An outcome that is not tied to the guest's problem",
         "An outcome for that problem, without a number or without proof",
         "An outcome for that problem, with a number and proof"}},
       {"story",
        "The required messages, in own words",
        .15,
        {"None of the required messages", "Some of them, or read out", "All of them, partly read out",
         "All of them, in own words"}},
       {"situation",
        "The guest's situation is acknowledged, answered and checked",
        .10,
        {"It is passed over", "It is acknowledged", "It is acknowledged and answered",
         "It is acknowledged, answered, and the guest has said that the answer holds"}},
       {"next_step",
        "A next step that is mutual, dated and named",
        .15,
        {"None", "A next step of ours alone", "A mutual next step without a date or without names",
         "A mutual next step with a date and names"}}}};
  return rubric;
}

std::vector<Violation> Validate(const Rubric& rubric, std::string_view field) {
  std::vector<Violation> violations;
  const auto violate = [&](std::string path, std::string description) {
    violations.push_back({fmt::format("{}.{}", field, path), std::move(description)});
  };
  if (!IsToken(rubric.name, kLongestName, "_-")) violate("name", NameRule());
  if (rubric.criteria.empty() || rubric.criteria.size() > kMostCriteria)
    violate("criteria", fmt::format("must hold 1 to {} criteria", kMostCriteria));
  std::set<std::string_view> ids;
  double sum = 0;
  for (size_t i = 0; i < rubric.criteria.size(); ++i) {
    const Criterion& criterion = rubric.criteria[i];
    const auto path = [&](std::string_view part) { return fmt::format("criteria[{}].{}", i, part); };
    if (!IsToken(criterion.id, kLongestName, "_-")) violate(path("id"), NameRule());
    if (!ids.insert(criterion.id).second) violate(path("id"), "is the id of an earlier criterion");
    if (!IsText(criterion.text)) violate(path("text"), LongText());
    if (!(criterion.weight > 0 && criterion.weight <= 1)) violate(path("weight"), "must be in (0, 1]");
    for (size_t level = 0; level < criterion.levels.size(); ++level) {
      if (!IsText(criterion.levels[level])) violate(path(fmt::format("levels[{}]", level)), LongText());
    }
    sum += criterion.weight;
  }
  if (!rubric.criteria.empty() && !(std::abs(sum - 1) <= kWeightTolerance))
    violate("criteria", fmt::format("must have weights that sum to 1, not {:.9g}", sum));
  return violations;
}

std::vector<Violation> Validate(const Levels& levels, const Rubric& rubric, std::string_view field) {
  std::vector<Violation> violations;
  if (levels.empty())
    violations.push_back({std::string(field), "must give a level to one criterion at least"});
  for (const auto& [id, level] : levels) {
    const bool known =
        std::any_of(rubric.criteria.begin(), rubric.criteria.end(),
                    [&wanted = id](const Criterion& criterion) { return criterion.id == wanted; });
    if (!known) {
      violations.push_back({fmt::format("{}[{}]", field, Printable(id, kLongestName)),
                            fmt::format("is no criterion of {}", rubric.name)});
    } else if (level < 0 || level > kHighestLevel) {
      violations.push_back(
          {fmt::format("{}[{}]", field, id), fmt::format("must be 0 to {}, not {}", kHighestLevel, level)});
    }
  }
  return violations;
}

MedianLevels MedianOf(const std::vector<Levels>& reviews) {
  std::map<std::string, std::vector<int>> given;
  for (const Levels& review : reviews) {
    for (const auto& [id, level] : review) given[id].push_back(level);
  }
  MedianLevels medians;
  for (auto& [id, levels] : given) {
    std::sort(levels.begin(), levels.end());
    const size_t upper = levels.size() / 2;
    const size_t lower = (levels.size() - 1) / 2;
    medians[id] = (levels[lower] + levels[upper]) / 2.;
  }
  return medians;
}

double CriterionScore(double level) { return 1 + 3 * level; }

std::optional<double> ScoreOf(const MedianLevels& levels, const Rubric& rubric) {
  double sum = 0;
  double weights = 0;
  for (const Criterion& criterion : rubric.criteria) {
    const auto level = levels.find(criterion.id);
    if (level == levels.end()) continue;
    sum += criterion.weight * level->second;
    weights += criterion.weight;
  }
  if (!(weights > 0)) return std::nullopt;
  return RoundedScore(1 + 9 * sum / kHighestLevel / weights);
}

double RoundedScore(double score) { return std::round(score * 1e9) / 1e9; }

bool ValueFails(const MedianLevels& levels) {
  const auto value = levels.find(std::string(kValue));
  return value != levels.end() && CriterionScore(value->second) <= kFailingValue;
}

}  // namespace finalmile::coaching
