#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <set>
#include <vector>

#include "absl/time/time.h"
#include "absl/types/span.h"
#include "services/leads/domain/lead.h"

namespace finalmile::leads::domain {

// A row of the lists.
struct RankedLead {
  LeadId lead;
  // 0..100.
  double fit = 0;
  // RankKey of the two fading values; −infinity for 0.
  double short_key = 0;
  double long_key = 0;
  // EngagementRank.
  double rank = 0;
  // The caller's filter lets it through.
  bool matches = true;
};

// The score that top lists rank by: fit plus the values of the keys at `at`, which is fit + EngagementAt to
// 1e-11.
double ScoreAt(const RankedLead& lead, absl::Time at);

struct TopLead {
  LeadId lead;
  double score = 0;

  friend bool operator==(const TopLead&, const TopLead&) = default;
};

// Higher scores first, ties by id.
bool RanksBefore(const TopLead& a, const TopLead& b);

// The exact best leads at a moment, by the threshold algorithm (Fagin, Lotem, Naor 2003,
// doi:10.1016/S0022-0000(03)00026-6). The leads of each point of fit are one sorted list, which the caller
// fetches piece by piece:
//
//   TopSearch search(100, now, now, after);
//   for (auto fetches = search.Next(); !fetches.empty(); fetches = search.Next())
//     for (const TopSearch::Fetch& fetch : fetches) {
//       rows = … up to fetch.rows rows of the band after fetch.after …
//       search.Feed(fetch.band, rows, rows.size() < fetch.rows);
//     }
//   search.results();
//
// A band holds every lead whose fit it is (BandOf), by rank falling, then fit falling, then id rising. The
// lists do not change during a search. Not thread-safe.
//
// Why the result is exact: a lead that was not read yet is in a band `b` behind its last row read, whose rank
// is r. Its fit is at most b and its rank at most r, so that it scores at most b + MostOfRank(r). Where r is
// 0 it has no engagement, and ranks behind that row by fit and id.
class TopSearch {
 public:
  static constexpr int kBands = 101;
  // The fit in whole points, rounded up.
  static int BandOf(double fit);

  struct Fetch {
    int band;
    size_t rows;
    // The last row that was read of it; null: none. Valid until the band is fed.
    const RankedLead* after;
  };

  // The best `limit` (> 0) matching leads at `at` among those that rank after `after`: the last one of the
  // page before, whose `at` was the same. No lead's fading values have a time after `latest`, which may lie
  // after `at`; what lies between makes the search read more.
  TopSearch(size_t limit, absl::Time at, absl::Time latest, std::optional<TopLead> after = std::nullopt);

  // Which bands to read on, each at most once; at most a few thousand rows. Empty: results() are final.
  std::vector<Fetch> Next() const;
  // The next rows of the band, in order. `at_end`: the band has no more.
  void Feed(int band, absl::Span<const RankedLead> rows, bool at_end);

  // Best first.
  std::vector<TopLead> results() const { return {best_.begin(), best_.end()}; }
  size_t rows_touched() const { return rows_touched_; }

 private:
  struct Order {
    bool operator()(const TopLead& a, const TopLead& b) const { return RanksBefore(a, b); }
  };
  struct Band {
    std::optional<RankedLead> last;
    size_t pieces = 0;
    bool at_end = false;
  };

  // What no lead of the band that was not read yet ranks before.
  TopLead BoundOf(int band) const;
  void Consider(const RankedLead& lead);

  const size_t limit_;
  const absl::Time at_;
  // By how much MostOfRank falls short for a value whose time is after at_, and by rounding.
  const double slack_;
  const std::optional<TopLead> after_;
  std::set<TopLead, Order> best_;
  std::array<Band, kBands> bands_;
  size_t rows_touched_ = 0;
};

}  // namespace finalmile::leads::domain
