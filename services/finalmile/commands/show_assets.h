#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "finalmile/catalog/v1/asset.pb.h"
#include "services/finalmile/output/output.h"

// How assets look to people.
namespace finalmile::cli {

// "assets/{asset}" from that or from the bare {asset}.
std::string AssetName(const std::string& text);

// "battle card".
std::string KindText(catalog::v1::AssetKind kind);
// "in review"; "scheduled" is what is published from a later time on.
std::string StateText(const catalog::v1::Asset& asset, const Output& output);
// From "battle card", "battle-card" or "BATTLE_CARD"; INVALID_ARGUMENT names `flag` and the kinds.
absl::StatusOr<catalog::v1::AssetKind> ParseKind(std::string_view flag, const std::string& text);

// One row per asset: kind, state, version, title, owner, name.
void ShowAssets(const std::vector<catalog::v1::Asset>& assets, Output& output);
// One row per version.
void ShowVersions(const std::vector<catalog::v1::Asset>& versions, Output& output);
// Everything that the asset says, its body last.
void ShowAsset(const catalog::v1::Asset& asset, Output& output);
// Text of several lines.
void ShowText(std::string_view text, Output& output);

}  // namespace finalmile::cli
