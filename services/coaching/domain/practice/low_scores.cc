#include "services/coaching/domain/practice/low_scores.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace finalmile::coaching {
namespace {

auto ByCriterion(const LowScore& score) { return std::tie(score.criterion, score.start, score.appointment); }

}  // namespace

LowScorePlan PlanOf(std::vector<LowScore> scores, const std::set<LowPair>& practised) {
  std::set<std::pair<std::string, std::string>> used;
  for (const LowPair& pair : practised) {
    used.emplace(pair.criterion, pair.first);
    used.emplace(pair.criterion, pair.second);
  }
  std::sort(scores.begin(), scores.end(),
            [](const LowScore& a, const LowScore& b) { return ByCriterion(a) < ByCriterion(b); });
  std::erase_if(scores, [&](const LowScore& score) {
    return !used.emplace(score.criterion, score.appointment).second;
  });

  std::vector<std::pair<const LowScore*, const LowScore*>> pairs;
  for (size_t i = 1; i < scores.size(); ++i) {
    const LowScore& earlier = scores[i - 1];
    const LowScore& later = scores[i];
    if (earlier.criterion != later.criterion || later.start - earlier.start > kLowScoresWithin) continue;
    pairs.emplace_back(&earlier, &later);
    ++i;
  }
  std::sort(pairs.begin(), pairs.end(), [](const auto& a, const auto& b) {
    return std::tie(a.second->start, a.second->appointment, a.second->criterion) <
           std::tie(b.second->start, b.second->appointment, b.second->criterion);
  });

  LowScorePlan plan;
  for (const auto& [earlier, later] : pairs) {
    const LowPair pair{later->criterion, earlier->appointment, later->appointment};
    if (!later->has_track) {
      plan.without_track.push_back(pair);
    } else if (plan.wanted.size() < kMostLowScorePractices) {
      plan.wanted.push_back(pair);
    }
  }
  return plan;
}

}  // namespace finalmile::coaching
