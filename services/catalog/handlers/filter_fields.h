#pragma once

#include "libs/rpc/filter.h"

namespace finalmile::catalog::handlers {

// ListAssets filters by these, over assets AS a.
const rpc::FilterSchema& ListFields();
// SearchAssets filters by these facets of the index; kinds by their names.
const rpc::FilterSchema& SearchFields();

}  // namespace finalmile::catalog::handlers
