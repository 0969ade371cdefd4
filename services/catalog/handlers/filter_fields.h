#pragma once

#include "libs/rpc/filter.h"

namespace finalmile::catalog::handlers {

// What ListAssets filters by, over assets AS a.
const rpc::FilterSchema& ListFields();
// What SearchAssets filters by: the facets of the index; kinds by their names.
const rpc::FilterSchema& SearchFields();

}  // namespace finalmile::catalog::handlers
