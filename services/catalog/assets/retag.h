#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "libs/storage/database.h"
#include "services/catalog/domain/asset_id.h"

namespace finalmile::catalog::assets {

// Writes the tags of those of these assets anew that have none by the rules of today
// (AssetRow::tags_revision): an older program wrote them. Locks the rows of all.
absl::Status Retag(storage::Transaction& transaction, std::vector<domain::AssetId> ids);

}  // namespace finalmile::catalog::assets
