#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/storage/database.h"
#include "services/@name@/domain/@noun@.h"

namespace finalmile::@name@::store {

struct @Noun@Row {
  std::string id;
  // Grows with every change; its etag.
  int64_t version = 1;
  // Of the last event with this @noun@ as key.
  int64_t seq = 0;
  domain::@Noun@ content;
  absl::Time create_time = absl::UnixEpoch();
};

// An id that exists fails the transaction.
absl::Status Insert@Noun@(storage::Transaction& transaction, const @Noun@Row& row);
absl::StatusOr<std::optional<@Noun@Row>> Read@Noun@(storage::Transaction& transaction, std::string_view id);

}  // namespace finalmile::@name@::store
