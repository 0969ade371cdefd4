#pragma once

#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/storage/database.h"

namespace finalmile::leads::store {

// Keeps digests of who was erased (scoring::Erasures). Deferred.
absl::Status KeepErased(storage::Transaction& transaction, const std::vector<std::string>& digests,
                        absl::Time time);
// Which of these digests are kept.
absl::StatusOr<std::set<std::string>> ErasedAmong(storage::Transaction& transaction,
                                                  const std::vector<std::string>& digests);

}  // namespace finalmile::leads::store
