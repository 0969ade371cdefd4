#include "services/leads/domain/top.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "services/leads/domain/fading.h"

namespace finalmile::leads::domain {
namespace {

constexpr size_t kLargestPiece = 512;
// The most rows of one round.
constexpr size_t kMostRows = 4096;

}  // namespace

double ScoreAt(const RankedLead& lead, absl::Time at) {
  return lead.fit +
         (ValueOfKey(lead.short_key, kShortHalfLife, at) + ValueOfKey(lead.long_key, kLongHalfLife, at));
}

bool RanksBefore(const TopLead& a, const TopLead& b) {
  return a.score != b.score ? a.score > b.score : a.lead < b.lead;
}

int TopSearch::BandOf(double fit) { return static_cast<int>(std::ceil(fit)); }

TopSearch::TopSearch(size_t limit, absl::Time at, absl::Time latest, std::optional<TopLead> after)
    : limit_(limit),
      at_(at),
      slack_((1 + 1e-9) * std::exp2(std::max(absl::FDivDuration(latest - at, kShortHalfLife) -
                                                 absl::FDivDuration(latest - at, kLongHalfLife),
                                             0.0))),
      after_(std::move(after)) {}

TopLead TopSearch::BoundOf(int band) const {
  const std::optional<RankedLead>& last = bands_[static_cast<size_t>(band)].last;
  if (!last) return {{}, std::numeric_limits<double>::infinity()};
  if (last->rank == 0) return {last->lead, last->fit};
  return {{}, band + MostOfRank(last->rank, at_) * slack_};
}

void TopSearch::Consider(const RankedLead& lead) {
  if (!lead.matches) return;
  TopLead top{lead.lead, ScoreAt(lead, at_)};
  if (after_ && !RanksBefore(*after_, top)) return;
  if (best_.size() == limit_ && !RanksBefore(top, *best_.rbegin())) return;
  best_.insert(std::move(top));
  if (best_.size() > limit_) best_.erase(std::prev(best_.end()));
}

std::vector<TopSearch::Fetch> TopSearch::Next() const {
  std::vector<std::pair<TopLead, int>> open;
  for (int band = 0; band < kBands; ++band) {
    if (bands_[static_cast<size_t>(band)].at_end) continue;
    TopLead bound = BoundOf(band);
    if (best_.size() == limit_ && RanksBefore(*best_.rbegin(), bound)) continue;
    open.emplace_back(std::move(bound), band);
  }
  std::sort(open.begin(), open.end(),
            [](const auto& a, const auto& b) { return RanksBefore(a.first, b.first); });
  // The bands share the best leads, so that few of each are among them.
  const size_t first = std::clamp<size_t>(limit_ / 32, 1, 8);
  std::vector<Fetch> fetches;
  size_t rows = 0;
  for (const auto& [bound, number] : open) {
    const Band& band = bands_[static_cast<size_t>(number)];
    const size_t piece = std::min(kLargestPiece, first << std::min<size_t>(band.pieces, 9));
    rows += piece;
    if (rows > kMostRows) break;
    fetches.push_back({number, piece, band.last ? &*band.last : nullptr});
  }
  return fetches;
}

void TopSearch::Feed(int band, absl::Span<const RankedLead> rows, bool at_end) {
  Band& of = bands_[static_cast<size_t>(band)];
  for (const RankedLead& lead : rows) Consider(lead);
  rows_touched_ += rows.size();
  ++of.pieces;
  of.at_end = at_end;
  if (!rows.empty()) of.last = rows.back();
}

}  // namespace finalmile::leads::domain
