#pragma once

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "libs/events/event_log.h"
#include "libs/storage/database.h"

// The statements over the table `outbox`: the events that may not have been sent yet, in order of id.
namespace finalmile::outbox {

// Deferred. The answer has topic, key and id of each row, those of one key in the order of their ids.
absl::StatusOr<storage::Deferred> InsertRows(storage::Transaction& transaction,
                                             const std::vector<events::Message>& messages);
// Deferred. The answer has topic, key and the highest id among the rows of that key, or NULL, for each key
// among `messages`.
absl::StatusOr<storage::Deferred> NewestRows(storage::Transaction& transaction,
                                             const std::vector<events::Message>& messages);
// Deferred. Passes over rows that another transaction is deleting.
absl::Status DeleteRows(storage::Transaction& transaction, const std::vector<int64_t>& ids);

struct UnsentRow {
  int64_t id = 0;
  events::Message message;
};
// The first rows up to the id `last`, at most `limit`.
absl::StatusOr<std::vector<UnsentRow>> ReadRows(storage::Transaction& transaction, int64_t last,
                                                int64_t limit);
// The highest id; 0: there is no row.
absl::StatusOr<int64_t> NewestRow(storage::Transaction& transaction);

}  // namespace finalmile::outbox
