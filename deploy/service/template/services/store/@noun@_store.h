#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/storage/condition.h"
#include "libs/storage/table.h"
#include "services/@name@/domain/@noun@.h"

namespace finalmile::@name@::store {

struct @Noun@Row {
  domain::@Noun@Id id;
  // Grows with every change; its etag.
  int64_t version = 1;
  // The seq of the last event with this @what@ as key.
  int64_t seq = 0;
  // Its expire_time is the column due_time.
  domain::@Noun@ content;
  // The row stays, so that its events are counted, without its content.
  bool deleted = false;
  absl::Time create_time = absl::UnixEpoch();
  absl::Time update_time = absl::UnixEpoch();
};

extern const storage::Table<@Noun@Row> k@Nouns@;

// Those that are there and not deleted, in any order.
absl::StatusOr<std::vector<@Noun@Row>> Read@Nouns@(storage::Transaction& transaction,
                                                   const std::vector<domain::@Noun@Id>& ids);
// Those that meet `condition`, after `after`, in order of id.
absl::StatusOr<std::vector<@Noun@Row>> List@Nouns@(storage::Transaction& transaction, const storage::Condition& condition,
                                                   const domain::@Noun@Id& after, int limit);
// Those that are about one of `leads`, in any order.
absl::StatusOr<std::vector<domain::@Noun@Id>> OfLeads(storage::Transaction& transaction,
                                                      const std::vector<domain::LeadName>& leads);

}  // namespace finalmile::@name@::store
