#include "services/catalog/usage/domain/gap.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "libs/base/text.h"
#include "services/catalog/domain/refusal.h"

namespace finalmile::catalog::usage::domain {

using catalog::domain::Refuse;

std::string GapId(std::span<const std::string> stems, std::string_view situation,
                  std::string_view competitor) {
  std::set<std::string> sorted;
  for (const std::string& stem : stems) sorted.insert(Lower(stem));
  std::string key;
  size_t count = 0;
  for (const std::string& stem : sorted) {
    if (++count > kMaxGapTerms) break;
    key += stem;
    key += ' ';
  }
  // No part holds a line feed: the parts of different keys cannot run into each other.
  key += '\n' + Lower(Trim(situation)) + '\n' + Lower(Trim(competitor));
  return fmt::format("{:016x}{:016x}", StableHash(key, 1), StableHash(key, 2));
}

bool IsClosed(const Gap& gap) { return gap.state == GapState::kUsed || gap.state == GapState::kDeclined; }

bool Ask(Gap& gap, std::string_view asker) {
  const bool is_new = gap.state == GapState::kUnspecified;
  if (is_new) gap.state = GapState::kOpen;
  ++gap.count;
  if (!asker.empty() && gap.askers.size() < kMaxAskers &&
      std::find(gap.askers.begin(), gap.askers.end(), asker) == gap.askers.end()) {
    gap.askers.emplace_back(asker);
  }
  return is_new;
}

absl::Status Accept(Gap& gap) {
  if (gap.state != GapState::kOpen) return Refuse("WRONG_STATE", "only an open gap can be accepted");
  gap.state = GapState::kAccepted;
  return absl::OkStatus();
}

absl::Status Ship(Gap& gap, const catalog::domain::AssetId& asset, bool live, absl::Time now) {
  if (gap.state != GapState::kAccepted) return Refuse("WRONG_STATE", "accept the gap first");
  if (!live) return Refuse("ASSET_NOT_LIVE", "publish the asset that closes the gap first");
  gap.state = GapState::kShipped;
  gap.asset = asset;
  gap.ship_time = now;
  return absl::OkStatus();
}

absl::Status Decline(Gap& gap, std::string_view reason) {
  if (gap.state != GapState::kOpen && gap.state != GapState::kAccepted) {
    return Refuse("WRONG_STATE", "only an open or accepted gap can be declined");
  }
  reason = Trim(reason);
  if (reason.empty() || Characters(reason) > kMaxReasonCharacters) {
    return Refuse("REASON_MISSING", "tell the askers why, in 1 to 500 characters");
  }
  gap.state = GapState::kDeclined;
  gap.reason = std::string(reason);
  return absl::OkStatus();
}

bool Use(Gap& gap, absl::Time time) {
  if (gap.state != GapState::kShipped) return false;
  gap.state = GapState::kUsed;
  gap.first_use_time = time;
  return true;
}

}  // namespace finalmile::catalog::usage::domain
