#pragma once

#include <string>
#include <utility>
#include <vector>

#include "google/protobuf/descriptor.h"
#include "libs/rpc/filter.h"

namespace finalmile::catalog::handlers {

// What ListAssets filters by, over assets AS a.
const rpc::FilterSchema& ListFields();
// What SearchAssets filters by: the facets of the index; kinds by their names.
const rpc::FilterSchema& SearchFields();

using FilterWords = std::vector<std::pair<std::string, storage::Value>>;
// The names of an enum's values, each with its number or, as `named`, with its name.
FilterWords WordsOf(const google::protobuf::EnumDescriptor* descriptor, bool named);

}  // namespace finalmile::catalog::handlers
