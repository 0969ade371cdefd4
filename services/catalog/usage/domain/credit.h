#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "services/catalog/domain/asset_id.h"
#include "services/catalog/usage/domain/lift.h"

namespace finalmile::catalog::usage::domain {

// Which uses and trials count, and what each is worth.

// A use or a trial matures, and counts from then on, at this age, whatever has happened meanwhile. A meeting
// counts for it that was set within this time of it.
inline constexpr absl::Duration kMaturity = absl::Hours(24 * 30);

using Version = std::pair<catalog::domain::AssetId, int64_t>;

// An asset version was used with the lead.
struct LeadUse {
  std::string id;
  Version version;
  // "A1" … "D4", and the stage; empty: not known.
  std::string grade;
  std::string stage;
  absl::Time time;
  // It has matured, and the sums hold it.
  bool counted = false;
};

// An asset was drawn at random for the lead.
struct LeadTrial {
  std::string id;
  // AssetKind.
  int64_t kind = 0;
  // Kept back from the lead, rather than offered.
  bool withheld = false;
  absl::Time time;
  bool counted = false;
};

// A version that was used with the lead before the meeting, as the events of appointments freeze it.
struct Touch {
  catalog::domain::AssetId asset;
  int64_t version = 0;
  // When it was first heard of it: what was used by then is among what met the lead.
  absl::Time told_time;

  friend bool operator==(const Touch&, const Touch&) = default;
};

// What became of a meeting, as far as it is known.
enum class Outcome {
  // Set, and nothing more is known; or not held for a reason of the guest's.
  kNotHeld,
  kHeld,
  // Not held for a reason of ours: it says nothing of what was used.
  kLeftOut,
};

// An initial meeting with the lead, one for each chain of reschedules.
struct Meeting {
  absl::Time set_time;
  Outcome outcome = Outcome::kNotHeld;
  std::vector<Touch> touches;
};

// Everything that decides about the figures of one lead.
struct LeadFacts {
  std::vector<LeadUse> uses;
  std::vector<LeadTrial> trials;
  // By chain.
  std::map<std::string, Meeting> meetings;
};

// Version, grade, stage.
using CellKey = std::tuple<Version, std::string, std::string>;
struct Counts {
  int64_t matured = 0;
  int64_t set = 0;
  int64_t held = 0;

  friend bool operator==(const Counts&, const Counts&) = default;
};
// Kind, withheld.
using ArmKey = std::pair<int64_t, bool>;

struct Sums {
  std::map<CellKey, Counts> cells;
  std::map<ArmKey, Arm> arms;

  // `sign` is 1 or −1.
  void Add(const Sums& other, int64_t sign);
};

// What the counted uses and trials of one lead add to the sums.
//
// Uses of one version within 30 days of the first of them count as one: they are one attempt, of the grade
// and stage of the first. It counts as set where a meeting was set within 30 days of one of them that names
// the version among its touches, and as held where one of these meetings was held. Where all of these were
// left out, so is the attempt: it is neither matured nor held. The same holds of a trial, whose meeting need
// not name the asset.
Sums CountLead(const LeadFacts& facts);

}  // namespace finalmile::catalog::usage::domain
