#pragma once

#include "libs/rpc/filter.h"

namespace finalmile::catalog::handlers {

// What ListAssets filters by, over assets AS a.
const rpc::FilterSchema& ListFields();
// What SearchAssets filters by: the facets of the index; kinds by their names.
const rpc::FilterSchema& SearchFields();

// Assets without their long texts that a list reads at once at first; each has up to 2.5 MB.
inline constexpr int kHeadsAtOnce = 16;

}  // namespace finalmile::catalog::handlers
