#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "services/catalog/domain/asset_id.h"

namespace finalmile::catalog::usage::domain {

// Something the shelf does not answer. Mirrors Gap.GapState and Gap.Origin.
enum class GapState { kUnspecified = 0, kOpen = 1, kAccepted = 2, kShipped = 3, kUsed = 4, kDeclined = 5 };
enum class GapOrigin { kUnspecified = 0, kReported = 1, kSearch = 2, kRepMaterial = 3 };

inline constexpr size_t kMaxAskers = 100;
inline constexpr size_t kMaxGapTerms = 32;
inline constexpr size_t kMaxNeedCharacters = 500;
inline constexpr size_t kMaxReasonCharacters = 500;

// The id of the gap that a need belongs to: the same for the same set of words, situation and competitor,
// whatever the order, repetitions and ASCII case. `stems` are the words of the need as the search index knows
// them; the first 32 in order of spelling count. 32 characters of [0-9a-f]; two needs share one with a
// probability of 2⁻¹²⁸.
std::string GapId(std::span<const std::string> stems, std::string_view situation,
                  std::string_view competitor);

struct Gap {
  GapState state = GapState::kUnspecified;
  // How often it was asked for, searched in vain or worked around.
  int64_t count = 0;
  // Who asked, in order; at most 100, each once.
  std::vector<std::string> askers;
  // The asset that closes it, once shipped.
  catalog::domain::AssetId asset;
  // Why it was declined; empty in other states.
  std::string reason;
  absl::Time ship_time = absl::InfiniteFuture();
  absl::Time first_use_time = absl::InfiniteFuture();

  friend bool operator==(const Gap&, const Gap&) = default;
};

// Used or declined.
bool IsClosed(const Gap& gap);

// Somebody asks; `asker` may be empty. A new gap is open; an answered one is counted and stays as it was
// answered. Whether the gap is new.
bool Ask(Gap& gap, std::string_view asker);

// The transitions change `gap`, or refuse it (WRONG_STATE, REASON_MISSING, ASSET_NOT_LIVE) and leave it as it
// was.

// open → accepted.
absl::Status Accept(Gap& gap);
// accepted → shipped, with an asset that reps are given.
absl::Status Ship(Gap& gap, const catalog::domain::AssetId& asset, bool live, absl::Time now);
// open or accepted → declined. The reason has 1 to 500 characters.
absl::Status Decline(Gap& gap, std::string_view reason);
// The asset that closes it was used: shipped → used. Whether that was the first time.
bool Use(Gap& gap, absl::Time time);

}  // namespace finalmile::catalog::usage::domain
