#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/catalog/domain/asset_id.h"
#include "services/catalog/usage/domain/lead.h"

namespace finalmile::catalog::usage {

inline constexpr absl::Duration kUseTokenLife = absl::Hours(24 * 30);

// RenderAsset signs this into its token, so that RecordUse need not ask for it.
struct RenderedUse {
  catalog::domain::AssetId asset;
  int64_t version = 0;
  // Empty: not for one lead.
  domain::LeadName lead;
  absl::Time time;
};

// Signed with `key`; the asset and the lead hold no line feed.
std::string EncodeUseToken(const RenderedUse& use, std::string_view key);
// INVALID_ARGUMENT: the token was not signed with `key`, or is older than 30 days.
absl::StatusOr<RenderedUse> DecodeUseToken(std::string_view token, std::string_view key, absl::Time now);

}  // namespace finalmile::catalog::usage
