#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "libs/base/random.h"
#include "services/catalog/domain/asset_id.h"

namespace finalmile::catalog::usage::domain {

// A published asset that fits the moment of the sale.
struct Candidate {
  catalog::domain::AssetId asset;
  int64_t version = 0;
  // As in Credit.
  double rank = 0;
  int64_t matured = 0;
  // How much of what was asked for it names: decides between equal ranks.
  int64_t fit = 0;
  // It was offered to the lead or used with it before: a trial would tell nothing.
  bool met = false;
};
// With fewer matured uses an asset is untested.
inline constexpr int64_t kTested = 30;

enum class Slot {
  kRanked,
  kUntested,
  kRandom,
  // Drawn at random, and kept back to compare: not shown, but recorded.
  kWithheld,
};

struct Placement {
  // Its index among the candidates.
  size_t candidate = 0;
  Slot slot = Slot::kRanked;
  // The probability with which this candidate came by this slot in this way, given the places before it; over
  // 0, at most 1.
  double propensity = 1;
};

// The share of random places in a list that is recorded. One that is not recorded has none, since nothing
// would be learnt from it.
inline constexpr double kRandomShare = 0.1;
// Random places are drawn from so many candidates, the first by rank: what is offered or withheld is worth
// offering.
inline constexpr size_t kDrawnFrom = 10;
inline constexpr uint64_t kUntestedEvery = 5;

// Fills up to `slots` places from `candidates` (none named twice, none that is withheld from the lead), best
// first; withheld ones come last.
//
// Each place is with probability `random_share`, 0 to 1, a random one: a candidate is drawn from those of the
// first ten by rank that the lead has not met, and a fair coin says whether it is offered there or withheld,
// so that offered and withheld differ by nothing but the offer. Of the other places every fifth, counted from
// a random phase so that short lists have their share, goes to an untested candidate drawn at random; the
// rest go by rank, ties to the better fit, then to the lesser id. A place that cannot be filled in its way
// goes by rank. The same list for the same candidates and the same sequence of `rng`.
std::vector<Placement> Choose(std::span<const Candidate> candidates, size_t slots, double random_share,
                              Rng& rng);

}  // namespace finalmile::catalog::usage::domain
