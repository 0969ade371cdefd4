#include "services/catalog/usage/domain/recommend.h"

#include <algorithm>
#include <numeric>
#include <string_view>
#include <tuple>

namespace finalmile::catalog::usage::domain {
namespace {

enum class Way { kRanked, kUntested, kRandom };

class Chooser {
 public:
  Chooser(std::span<const Candidate> candidates, double random_share, Rng& rng)
      : candidates_(candidates), random_share_(random_share), rng_(rng) {
    free_.resize(candidates.size());
    std::iota(free_.begin(), free_.end(), size_t{0});
    std::sort(free_.begin(), free_.end(), [&](size_t a, size_t b) {
      const auto place = [&](const Candidate& one) {
        return std::tuple<double, int64_t, const catalog::domain::AssetId&>(-one.rank, -one.fit, one.asset);
      };
      return place(candidates[a]) < place(candidates[b]);
    });
  }

  std::vector<Placement> Run(size_t slots) {
    slots = std::min(slots, candidates_.size());
    std::vector<Way> ways(slots, Way::kRanked);
    const uint64_t phase = rng_.Below(kUntestedEvery);
    for (size_t i = 0; i < slots; ++i) {
      if ((i + phase) % kUntestedEvery == kUntestedEvery - 1) ways[i] = Way::kUntested;
      if (rng_.Uniform() < random_share_) ways[i] = Way::kRandom;
    }
    // The random ones first: were they drawn from what ranking leaves, the best would never be measured.
    std::vector<size_t> drawable = Drawable();
    std::vector<Placement> placed(slots);
    std::vector<Placement> withheld;
    for (size_t i = 0; i < slots; ++i) {
      if (ways[i] != Way::kRandom) continue;
      if (drawable.empty()) {
        ways[i] = Way::kRanked;
        continue;
      }
      const double propensity = random_share_ / static_cast<double>(drawable.size()) / 2;
      const auto drawn = drawable.begin() + static_cast<std::ptrdiff_t>(rng_.Below(drawable.size()));
      const size_t candidate = *drawn;
      drawable.erase(drawn);
      std::erase(free_, candidate);
      if (rng_.Uniform() < 0.5) {
        placed[i] = {candidate, Slot::kRandom, propensity};
      } else {
        withheld.push_back({candidate, Slot::kWithheld, propensity});
        ways[i] = Way::kRanked;
      }
    }
    std::vector<Placement> list;
    for (size_t i = 0; i < slots; ++i) {
      if (ways[i] == Way::kRandom) {
        list.push_back(placed[i]);
      } else if (ways[i] == Way::kUntested && PlaceUntested(list)) {
        continue;
      } else if (!free_.empty()) {
        list.push_back({Take(0), Slot::kRanked, 1 - random_share_});
      }
    }
    list.insert(list.end(), withheld.begin(), withheld.end());
    return list;
  }

 private:
  // What a random place may be given.
  std::vector<size_t> Drawable() const {
    std::vector<size_t> drawable(
        free_.begin(), free_.begin() + static_cast<std::ptrdiff_t>(std::min(kDrawnFrom, free_.size())));
    std::erase_if(drawable, [&](size_t candidate) { return candidates_[candidate].met; });
    return drawable;
  }

  size_t Take(size_t position) {
    const size_t taken = free_[position];
    free_.erase(free_.begin() + static_cast<std::ptrdiff_t>(position));
    return taken;
  }

  bool PlaceUntested(std::vector<Placement>& list) {
    std::vector<size_t> untested;
    for (size_t i = 0; i < free_.size(); ++i) {
      if (candidates_[free_[i]].matured < kTested) untested.push_back(i);
    }
    if (untested.empty()) return false;
    const double propensity = (1 - random_share_) / static_cast<double>(untested.size());
    list.push_back({Take(untested[rng_.Below(untested.size())]), Slot::kUntested, propensity});
    return true;
  }

  const std::span<const Candidate> candidates_;
  const double random_share_;
  Rng& rng_;
  // Candidates not yet placed nor withheld, by rank.
  std::vector<size_t> free_;
};

}  // namespace

std::vector<Placement> Choose(std::span<const Candidate> candidates, size_t slots, double random_share,
                              Rng& rng) {
  return Chooser(candidates, random_share, rng).Run(slots);
}

}  // namespace finalmile::catalog::usage::domain
