#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/storage/table.h"
#include "services/coaching/domain/ids.h"
#include "services/coaching/domain/tracks/example.h"

namespace finalmile::coaching::store {

struct ExampleRow {
  std::string id;
  TalkTrackId talk_track;
  // Without its turns; its expire_time is the column due_time.
  Example head;
  // Opaque here.
  std::string turns;
  int64_t turn_count = 0;
  absl::Time create_time = absl::UnixEpoch();
};

extern const storage::Table<ExampleRow> kExamples;

// Those of a track that have not expired at `now`, the oldest first, behind (`after_time`, `after_id`).
absl::StatusOr<std::vector<ExampleRow>> ListExamples(storage::Transaction& transaction,
                                                     const TalkTrackId& track, absl::Time now,
                                                     absl::Time after_time, const std::string& after_id,
                                                     int limit);
// How many of each track have not expired at `now`; a track without any is absent.
absl::StatusOr<std::map<TalkTrackId, int64_t>> CountExamples(storage::Transaction& transaction,
                                                             const std::vector<TalkTrackId>& tracks,
                                                             absl::Time now);
// Deletes those that have expired at `now` of `ids`, and answers how many.
absl::StatusOr<int64_t> DeleteExpired(storage::Transaction& transaction, const std::vector<std::string>& ids,
                                      absl::Time now);
// False: there is none that has not expired.
absl::StatusOr<bool> DeleteExample(storage::Transaction& transaction, const std::string& id, absl::Time now);

}  // namespace finalmile::coaching::store
