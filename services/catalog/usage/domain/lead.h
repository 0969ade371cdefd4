#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "libs/base/strong_id.h"

namespace finalmile::catalog::usage::domain {

// What the catalog keeps of a lead, as the events of leads tell it.

// "leads/{lead}".
using LeadName = StrongId<struct LeadNameKind>;

// Mirrors finalmile.leads.v1.Stage.
enum class LeadStage {
  kUnspecified = 0,
  kNew = 1,
  kSalesReady = 2,
  kAccepted = 3,
  kMeetingSet = 4,
  kMeetingHeld = 5,
  kQualified = 6,
  kRecycled = 7,
  kWon = 8,
  kLost = 9,
};
// The stage of the sale, one of kStages, that such a lead is in; empty: it is not known.
std::string_view SaleStageOf(LeadStage stage);
// From then on that something may be sold to the lead, until its stage changes.
inline constexpr std::string_view kStageOfOpportunities = "closing";

// One value through time: its newest changes, in the order in which they happened.
class Changes {
 public:
  // A row stays small with so many, and a use is mostly recorded within minutes; one that happened before the
  // first of them is judged as if the value were not known.
  static constexpr size_t kKept = 8;
  struct Change {
    absl::Time since;
    std::string value;

    friend bool operator==(const Change&, const Change&) = default;
  };

  // From `since` on it is `value`. Whatever was said before of the time from `since` on does not hold any
  // more: events come in order, and a later one may be of an earlier time.
  void Set(absl::Time since, std::string_view value);
  // Empty: it is not known.
  std::string At(absl::Time time) const;
  const std::vector<Change>& kept() const { return kept_; }

  friend bool operator==(const Changes&, const Changes&) = default;

 private:
  std::vector<Change> kept_;
};

struct Lead {
  bool erased = false;
  // The lead that this one is the same as, and under whose name everything is kept since; empty: none.
  LeadName merged_into = {};
  // A lead passes through sales in cycles, which count from 0.
  int64_t cycle = 0;
  bool cycle_ended = false;
  // "A1" … "D4".
  Changes grades = {};
  // The stages of the sale, each one of kStages.
  Changes stages = {};

  friend bool operator==(const Lead&, const Lead&) = default;
};

// The lead changed from one stage to another at `time`. The first change also says what held before it.
void ChangeStage(Lead& lead, LeadStage before, LeadStage after, absl::Time time);
// The lead became sales-ready. `cycle` is as LeadBecameSalesReady has it, from 1; what is before the first
// crossing belongs to the first cycle. 0: not said; then a new cycle begins where the one before has ended,
// and becoming sales-ready again meanwhile changes nothing.
void BeginCycle(Lead& lead, int64_t cycle);

}  // namespace finalmile::catalog::usage::domain
