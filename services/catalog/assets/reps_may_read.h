#pragma once

#include <string_view>

#include "absl/time/time.h"
#include "finalmile/catalog/v1/asset.pb.h"

namespace finalmile::catalog::assets {

// domain::RepsMayRead for a version as the wire shows it.
bool RepsMayRead(const v1::Asset& asset, absl::Time now);

// The same for a serialised v1::Asset. It skips the texts, so that its time does not grow with them. False
// for what is no v1::Asset.
bool RepsMayRead(std::string_view serialised, absl::Time now);

}  // namespace finalmile::catalog::assets
