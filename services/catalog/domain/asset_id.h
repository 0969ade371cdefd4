#pragma once

#include <string>

#include "libs/base/strong_id.h"

namespace finalmile::catalog::domain {

// 1 to 100 characters of [a-z0-9_-], without the "assets/" of the asset's name.
using AssetId = StrongId<struct AssetIdKind>;

// The name of an asset, on the wire and as the key of topics: "assets/{id}".
inline std::string AssetName(const AssetId& id) { return "assets/" + id.text(); }

}  // namespace finalmile::catalog::domain
