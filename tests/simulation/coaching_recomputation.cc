#include "tests/simulation/coaching_recomputation.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <map>

namespace finalmile::simulation {
namespace {

constexpr double kMark = 7.5;
constexpr absl::Duration kDay = absl::Hours(24);

// FSRS-6, https://github.com/open-spaced-repetition/awesome-fsrs/wiki/The-Algorithm, with its default
// weights, w0 to w20 there.
constexpr double kWeights[] = {.212,   1.2931, 2.3065, 8.2956, 6.4133, .8334, 3.0194,
                               .001,   1.8722, .1666,  .796,   1.4835, .0614, .2629,
                               1.6483, .6014,  1.8729, .5425,  .0912,  .0658, .1542};
static_assert(std::size(kWeights) == 21);

double Factor() { return std::pow(.9, -1 / kWeights[20]) - 1; }
double Recall(double days, double stability) {
  return std::pow(1 + Factor() * days / stability, -kWeights[20]);
}
absl::Duration Until(double recall, double stability) {
  return stability / Factor() * (std::pow(recall, -1 / kWeights[20]) - 1) * kDay;
}

int Grade(double score) { return score < 5.5 ? 1 : score < 6.5 ? 2 : score < 8.5 ? 3 : 4; }
double FirstDifficulty(int grade) { return kWeights[4] - std::exp(kWeights[5] * (grade - 1)) + 1; }

void Remember(Standing& standing, int grade, int64_t days) {
  double& s = standing.stability;
  double& d = standing.difficulty;
  if (standing.last_practice.empty()) {
    s = kWeights[grade - 1];
    d = std::clamp(FirstDifficulty(grade), 1., 10.);
    return;
  }
  if (days == 0) {
    const double increase = std::exp(kWeights[17] * (grade - 3 + kWeights[18])) * std::pow(s, -kWeights[19]);
    s *= grade == 1 ? increase : std::max(1., increase);
  } else if (const double r = Recall(static_cast<double>(days), s); grade == 1) {
    s = std::min(kWeights[11] * std::pow(d, -kWeights[12]) * (std::pow(s + 1, kWeights[13]) - 1) *
                     std::exp(kWeights[14] * (1 - r)),
                 s / std::exp(kWeights[17] * kWeights[18]));
  } else {
    s *= 1 + std::exp(kWeights[8]) * (11 - d) * std::pow(s, -kWeights[9]) *
                 (std::exp(kWeights[10] * (1 - r)) - 1) * (grade == 2 ? kWeights[15] : 1) *
                 (grade == 4 ? kWeights[16] : 1);
  }
  s = std::max(s, .001);
  d = std::clamp(
      kWeights[7] * FirstDifficulty(4) + (1 - kWeights[7]) * (d - kWeights[6] * (grade - 3) * (10 - d) / 9),
      1., 10.);
}

// Three days within thirty, one of them with a review.
bool Masters(const std::map<absl::CivilDay, bool>& days) {
  for (const auto& [first, ignored] : days) {
    int count = 0;
    bool reviewed = false;
    for (const auto& [day, by_coach] : days) {
      if (day < first || day - first > 29) continue;
      ++count;
      reviewed = reviewed || by_coach;
    }
    if (count >= 3 && reviewed) return true;
  }
  return false;
}

}  // namespace

Standing StandingOf(std::vector<PracticeFacts> practices, int64_t certificate_version, absl::Time now) {
  std::sort(practices.begin(), practices.end(),
            [](const PracticeFacts& a, const PracticeFacts& b) { return a.time < b.time; });
  Standing standing;
  standing.certificate_version = certificate_version;
  std::map<absl::CivilDay, bool> days;
  const auto forget = [&](absl::Time at) {
    if (standing.state != Standing::State::kMastered || standing.lapse_time > at) return;
    standing.state = Standing::State::kLapsed;
    days.clear();
  };
  for (const PracticeFacts& practice : practices) {
    forget(practice.time);
    const absl::CivilDay day = absl::ToCivilDay(practice.time, absl::UTCTimeZone());
    Remember(
        standing, Grade(practice.score),
        standing.last_practice.empty() ? 0 : day - absl::ToCivilDay(standing.last_time, absl::UTCTimeZone()));
    standing.last_practice = practice.id;
    standing.last_time = practice.time;
    if (practice.track_version >= certificate_version && practice.score >= kMark) {
      days[day] = days[day] || practice.by_coach;
      standing.counted_time = practice.time;
      standing.counted_version = practice.track_version;
    }
    if (standing.state != Standing::State::kMastered && Masters(days)) {
      standing.state = Standing::State::kMastered;
      standing.mastered_time = practice.time;
      standing.mastered_version = practice.track_version;
    }
    standing.rehearsal_time = standing.last_time + Until(.9, standing.stability);
    standing.lapse_time =
        std::max(standing.last_time + Until(.8, standing.stability), standing.mastered_time + 30 * kDay);
  }
  forget(now);
  for (const auto& [day, reviewed] : days) {
    if (days.rbegin()->first - day <= 29) standing.days.insert(day);
  }
  return standing;
}

double RecallAt(const Standing& standing, absl::Time now) {
  return Recall(std::max(absl::FDivDuration(now - standing.last_time, kDay), 0.), standing.stability);
}

double ScoreOfLevels(std::vector<int> levels) {
  std::sort(levels.begin(), levels.end());
  const double median = (levels[levels.size() / 2] + levels[(levels.size() - 1) / 2]) / 2.;
  return 1 + 3 * median;
}

std::set<LowScores> WantedOf(const std::map<std::string, MeetingModel>& meetings, const std::string& host,
                             const std::set<LowScores>& done, const std::set<std::string>& situations) {
  // By criterion, start and id.
  std::set<std::tuple<std::string, absl::Time, std::string>> low;
  for (const auto& [id, meeting] : meetings) {
    if (meeting.host != host || !meeting.held) continue;
    for (const auto& [rater, criteria] : meeting.low) {
      for (const std::string& criterion : criteria) low.emplace(criterion, meeting.start, id);
    }
  }
  for (const auto& [criterion, first, second] : done) {
    for (const std::string& id : {first, second}) {
      if (const auto meeting = meetings.find(id); meeting != meetings.end())
        low.erase({criterion, meeting->second.start, id});
    }
  }
  // By start and id of the later one.
  std::map<std::tuple<absl::Time, std::string, std::string>, LowScores> pairs;
  for (auto one = low.begin(); one != low.end() && std::next(one) != low.end(); ++one) {
    const auto& [criterion, start, id] = *one;
    const auto& [next_criterion, next_start, next_id] = *std::next(one);
    if (criterion != next_criterion || next_start - start > 21 * kDay) continue;
    if (situations.contains(meetings.at(next_id).situation))
      pairs.try_emplace({next_start, next_id, criterion}, criterion, id, next_id);
    ++one;
  }
  std::set<LowScores> wanted;
  for (const auto& [place, pair] : pairs) {
    if (wanted.size() < 2) wanted.insert(pair);
  }
  return wanted;
}

}  // namespace finalmile::simulation
