#pragma once

#include <cstddef>
#include <optional>
#include <set>
#include <vector>

#include "absl/time/time.h"
#include "absl/types/span.h"
#include "services/leads/domain/lead.h"

namespace finalmile::leads::domain {

// A row of the three lists.
struct RankedLead {
  LeadId lead;
  double fit = 0;
  // RankKey of the two fading values; −infinity for 0.
  double short_key = 0;
  double long_key = 0;
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
// doi:10.1016/S0022-0000(03)00026-6) over three sorted lists, which the caller fetches piece by piece:
//
//   TopSearch search(100, now, after);
//   while (std::optional<TopSearch::Fetch> fetch = search.Next()) {
//     rows = … up to fetch->rows rows of fetch->list after those it was fed before …
//     search.Feed(fetch->list, rows, rows.size() < fetch->rows);
//   }
//   search.results();
//
// Each list holds every lead, sorted by its key falling, then id rising; the short and the long list may
// leave out leads whose key is −infinity. The lists do not change during a search. Not thread-safe.
class TopSearch {
 public:
  enum class List { kFit, kShort, kLong };
  struct Fetch {
    List list;
    size_t rows;
  };

  // The best `limit` (> 0) matching leads at `at` among those that rank after `after`: the last one of the
  // page before, whose `at` was the same.
  TopSearch(size_t limit, absl::Time at, std::optional<TopLead> after = std::nullopt);

  // Which list to read on, and how far; nullopt: results() are final.
  std::optional<Fetch> Next() const;
  // The next rows of the list, in order; they may be fewer or more than asked for. `at_end`: the list has no
  // more.
  void Feed(List list, absl::Span<const RankedLead> rows, bool at_end);

  // Best first.
  std::vector<TopLead> results() const { return {best_.begin(), best_.end()}; }
  size_t rows_touched() const { return rows_touched_; }

 private:
  struct Order {
    bool operator()(const TopLead& a, const TopLead& b) const { return RanksBefore(a, b); }
  };
  struct Frontier {
    // Key of the last row read; no later row has a greater one.
    double key = 0;
    // ValueOfKey of the key at at_.
    double worth = 0;
    // How much `worth` fell per row in the last piece.
    double fall = 0;
    LeadId lead;
    size_t pieces = 0;
    size_t rows = 0;
    bool at_end = false;
  };

  double Worth(List list, double key) const;
  void Consider(const RankedLead& lead);
  bool Done() const;

  const size_t limit_;
  const absl::Time at_;
  const std::optional<TopLead> after_;
  std::set<TopLead, Order> best_;
  Frontier frontiers_[3];
  size_t rows_touched_ = 0;
};

}  // namespace finalmile::leads::domain
