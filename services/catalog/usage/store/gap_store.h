#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/storage/condition.h"
#include "libs/storage/table.h"
#include "services/catalog/domain/asset_id.h"
#include "services/catalog/usage/domain/gap.h"

namespace finalmile::catalog::usage::store {

// The row of a gap.
struct GapRow {
  std::string id;
  // The seq of the last event with this gap as key.
  int64_t seq = 0;
  // Grows with every answer; its etag. Asking again is a figure.
  int64_t revision = 0;
  std::string need;
  std::string situation;
  std::string competitor;
  std::string persona;
  int64_t kind = 0;
  domain::GapOrigin origin = domain::GapOrigin::kUnspecified;
  domain::Gap gap;
  absl::Time create_time = absl::UnixEpoch();
  // When it was last asked for.
  absl::Time ask_time = absl::UnixEpoch();
  // When the service learnt that it was used or declined. InfiniteFuture while it is not closed, and also
  // where a release without this column closed it and its words were not erased yet.
  absl::Time close_time = absl::InfiniteFuture();
};

// Their table. A gap is inserted as a stub in state kUnspecified first, so that there is something to lock.
extern const storage::Table<GapRow> kGaps;
// Locks the gaps that `asset` was shipped for and that it has not closed yet, in order of id, with
// all columns.
absl::StatusOr<storage::Deferred> DeferLockShipped(storage::Transaction& transaction,
                                                   const catalog::domain::AssetId& asset);

// Where a list of gaps, most asked for first, goes on: gaps after it.
struct GapPosition {
  // Below 0: at the beginning.
  int64_t count = -1;
  std::string id;
};
// Gaps that meet `condition` (over gaps AS g), most asked for first, then by id.
absl::StatusOr<std::vector<GapRow>> ListGaps(storage::Transaction& transaction,
                                             const storage::Condition& condition, const GapPosition& after,
                                             int limit);

// `condition` and that `asker` is among those who asked for the gap.
storage::Condition AskedBy(storage::Condition condition, std::string_view asker);

// Open and accepted gaps that are not of searches.
absl::StatusOr<int64_t> CountOpenGaps(storage::Transaction& transaction);
// Open gaps of searches.
absl::StatusOr<int64_t> CountOpenSearches(storage::Transaction& transaction);
// Those of them that nobody asked for by name, and that were last searched at or before `time`, at most
// `limit`; sorted ids.
absl::StatusOr<std::vector<std::string>> IdleSearches(storage::Transaction& transaction, absl::Time time,
                                                      int limit);
// Closed gaps that still have their need, and that were closed at or before `time` or have no close time, at
// most `limit`; sorted ids.
absl::StatusOr<std::vector<std::string>> ClosedGaps(storage::Transaction& transaction, absl::Time time,
                                                    int limit);

}  // namespace finalmile::catalog::usage::store
