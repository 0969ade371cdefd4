#include "services/leads/domain/top.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "services/leads/domain/fading.h"

namespace finalmile::leads::domain {
namespace {

constexpr size_t kFirstPiece = 64;
constexpr size_t kLargestPiece = 2048;

double KeyOf(TopSearch::List list, const RankedLead& lead) {
  switch (list) {
    case TopSearch::List::kFit:
      return lead.fit;
    case TopSearch::List::kShort:
      return lead.short_key;
    case TopSearch::List::kLong:
      return lead.long_key;
  }
  return 0;
}

double Sum(double fit, double short_part, double long_part) { return fit + (short_part + long_part); }

}  // namespace

double ScoreAt(const RankedLead& lead, absl::Time at) {
  return Sum(lead.fit, ValueOfKey(lead.short_key, kShortHalfLife, at),
             ValueOfKey(lead.long_key, kLongHalfLife, at));
}

bool RanksBefore(const TopLead& a, const TopLead& b) {
  return a.score != b.score ? a.score > b.score : a.lead < b.lead;
}

TopSearch::TopSearch(size_t limit, absl::Time at, std::optional<TopLead> after)
    : limit_(limit), at_(at), after_(std::move(after)) {}

double TopSearch::Worth(List list, double key) const {
  switch (list) {
    case List::kFit:
      return key;
    case List::kShort:
      return ValueOfKey(key, kShortHalfLife, at_);
    case List::kLong:
      return ValueOfKey(key, kLongHalfLife, at_);
  }
  return 0;
}

void TopSearch::Consider(const RankedLead& lead) {
  if (!lead.matches) return;
  const double score = ScoreAt(lead, at_);
  if (best_.size() == limit_) {
    const TopLead& worst = *best_.rbegin();
    if (score < worst.score || (score == worst.score && lead.lead >= worst.lead)) return;
  }
  TopLead top{lead.lead, score};
  if (after_ && !RanksBefore(*after_, top)) return;
  // The set ignores a lead that another list has brought already.
  best_.insert(std::move(top));
  if (best_.size() > limit_) best_.erase(std::prev(best_.end()));
}

bool TopSearch::Done() const {
  const Frontier& fit = frontiers_[0];
  const Frontier& short_list = frontiers_[1];
  const Frontier& long_list = frontiers_[2];
  if (fit.at_end) return true;
  for (const Frontier& frontier : frontiers_) {
    if (frontier.pieces == 0) return false;
  }
  if (best_.size() < limit_) return false;
  // A lead that no list has brought yet scores at most this. Ranking by keys rather than by stored values
  // makes that exact: each part rises with its key, and so does the rounded sum.
  const double bound = Sum(fit.key, short_list.worth, long_list.worth);
  const TopLead& worst = *best_.rbegin();
  if (worst.score != bound) return worst.score > bound;
  // A lead with less fit falls below the bound, unless rounding hides it. A lead with the same fit has a
  // later id.
  const double below = Sum(std::nextafter(fit.key, -std::numeric_limits<double>::infinity()),
                           short_list.worth, long_list.worth);
  return below < bound && worst.lead <= fit.lead;
}

std::optional<TopSearch::Fetch> TopSearch::Next() const {
  if (Done()) return std::nullopt;
  // The list whose bound falls fastest brings the end nearest (Güntzer, Balke, Kießling 2000,
  // "Quick-Combine"); a list that was not read for long gets its turn, since a plateau says nothing about
  // what follows it.
  size_t best = 3;
  size_t pieces = 0;
  for (const Frontier& frontier : frontiers_) pieces += frontier.pieces;
  for (size_t i = 0; i < 3; ++i) {
    const Frontier& frontier = frontiers_[i];
    if (frontier.at_end) continue;
    if (frontier.pieces * 8 <= pieces) {
      best = i;
      break;
    }
    if (best == 3 || frontier.fall > frontiers_[best].fall) best = i;
  }
  const size_t rows = std::min(kLargestPiece, kFirstPiece << std::min<size_t>(frontiers_[best].pieces, 8));
  return Fetch{static_cast<List>(best), rows};
}

void TopSearch::Feed(List list, absl::Span<const RankedLead> rows, bool at_end) {
  Frontier& frontier = frontiers_[static_cast<size_t>(list)];
  for (const RankedLead& lead : rows) Consider(lead);
  rows_touched_ += rows.size();
  ++frontier.pieces;
  frontier.at_end = at_end;
  if (!rows.empty()) {
    const double first = frontier.rows == 0 ? Worth(list, KeyOf(list, rows.front())) : frontier.worth;
    frontier.rows += rows.size();
    frontier.key = KeyOf(list, rows.back());
    frontier.worth = Worth(list, frontier.key);
    frontier.fall = (first - frontier.worth) / static_cast<double>(rows.size());
    frontier.lead = rows.back().lead;
  }
  // A lead that a finished list does not hold has nothing of its part.
  if (at_end && list != List::kFit) frontier.worth = 0;
}

}  // namespace finalmile::leads::domain
