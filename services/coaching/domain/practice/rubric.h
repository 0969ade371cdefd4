#pragma once

#include <array>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libs/base/violation.h"

namespace finalmile::coaching {

// How a conversation is judged, in practice and live alike: levels 0 to 3 on each criterion, which weigh into
// a score of 1 to 10.

inline constexpr int kHighestLevel = 3;
inline constexpr double kLowestScore = 1;
inline constexpr double kHighestScore = 10;
// A conversation, or one criterion of it, fails at this score and below.
inline constexpr double kFailingScore = 5;
// The criterion "value" fails at its level 1, which is a score of 4.
inline constexpr double kFailingValue = 4;
inline constexpr std::string_view kValue = "value";

struct Criterion {
  // 1 to 64 characters of [a-z0-9_-], for instance "next_step"; events carry it.
  std::string id;
  // For people: what a coach looks for.
  std::string text;
  // > 0; the weights of a rubric sum to 1.
  double weight = 0;
  // How each level shows, from 0 to 3.
  std::array<std::string, kHighestLevel + 1> levels;

  friend bool operator==(const Criterion&, const Criterion&) = default;
};

struct Rubric {
  // Name and version, 1 to 64 characters of [a-z0-9_-], for instance "first-conversation-1".
  std::string name;
  std::vector<Criterion> criteria;

  friend bool operator==(const Rubric&, const Rubric&) = default;
};

inline constexpr size_t kMostCriteria = 20;
inline constexpr size_t kLongestCriterionText = 500;

// "first-conversation-1", the rubric of a track that brings none.
const Rubric& FirstConversation();

// All that keeps a rubric from judging: names, ids that repeat, weights that are not > 0 or do not sum to
// 1 ± 1e-9, levels without a text, and texts of more than kLongestCriterionText characters.
std::vector<Violation> Validate(const Rubric& rubric, std::string_view field);

// The levels that one reviewer gave, by the id of the criterion. A criterion that was not observed is absent.
using Levels = std::map<std::string, int>;
// Levels on which several reviewers are brought together.
using MedianLevels = std::map<std::string, double>;

// All that is wrong with levels: nothing observed, a criterion that the rubric does not have, a level outside
// 0 to 3.
std::vector<Violation> Validate(const Levels& levels, const Rubric& rubric, std::string_view field);

// The median per criterion over those who observed it; for an even number the mean of the middle two.
MedianLevels MedianOf(const std::vector<Levels>& reviews);

// 1 + 3 · level: the score of one criterion.
double CriterionScore(double level);

// 1 + 9 · Σ w · level / 3 ÷ Σ w over the criteria that were observed. nullopt: the rubric has none of them.
std::optional<double> ScoreOf(const MedianLevels& levels, const Rubric& rubric);

// A score without the rounding of sums, to nine decimals: marks such as 7.5 are compared exactly then.
double RoundedScore(double score);

// The criterion "value" was observed, and fails.
bool ValueFails(const MedianLevels& levels);

}  // namespace finalmile::coaching
