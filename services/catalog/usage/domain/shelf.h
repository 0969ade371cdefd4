#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "services/catalog/domain/asset.h"
#include "services/catalog/domain/life.h"

namespace finalmile::catalog::usage::domain {

using catalog::domain::Period;

// The shelf: assets live at least 30 of the last 90 days. Of them the unused and the misused are the shelf
// rate.

inline constexpr absl::Duration kShelfWindow = absl::Hours(24 * 90);
inline constexpr absl::Duration kShelfLife = absl::Hours(24 * 30);

// How long it was live within the window that ends at `now`; periods may overlap.
absl::Duration LiveTime(std::span<const Period> live, absl::Time now);
bool OnShelf(std::span<const Period> live, absl::Time now);

// An asset on the shelf, with its uses within the window.
struct ShelfItem {
  int64_t uses = 0;
  // Uses with at least one reason.
  int64_t misuses = 0;
};
// No use within the window.
bool IsUnused(const ShelfItem& item);
// More than half of its uses were misuses: a single slip among many good uses does not condemn an asset.
bool IsMisused(const ShelfItem& item);

struct ShelfRate {
  // The denominator.
  int64_t shelf = 0;
  int64_t unused = 0;
  int64_t misused = 0;
  // (unused + misused) / shelf. Absent on an empty shelf, and where no use was recorded at all: then nothing
  // is known of what is used.
  std::optional<double> rate;
};
// `recorded`: some use was recorded within the window, of whatever asset or of none.
ShelfRate RateOf(std::span<const ShelfItem> shelf, bool recorded);

// Mirrors Misuse.
enum class Misuse {
  kUnspecified = 0,
  kExpired = 1,
  kStage = 2,
  kAudience = 3,
  kNoPermission = 4,
  kUnfilledField = 5,
  kEdited = 6,
};

// One use of a version of an asset, with what was known then.
struct UseFacts {
  absl::Time time;
  // When that version could be used; another version may have taken its place since.
  Period live;
  std::string_view stage = {};
  std::string_view persona = {};
  std::string_view industry = {};
  // The lead had denied the channel.
  bool denied = false;
  // The text that was sent or said; empty: not known.
  std::string_view final_text = {};
  // Share that the final text keeps of the asset that its token names; absent: not known, or no token.
  std::optional<double> kept = std::nullopt;
};
// Why the use did not serve, in the order of the enum. Where stage, persona or industry is not known or not
// tagged, nothing is said of it; tags are compared as FoldTag does.
std::vector<Misuse> MisusesOf(const UseFacts& use, const catalog::domain::Tags& tags);

}  // namespace finalmile::catalog::usage::domain
