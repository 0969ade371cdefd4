#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/storage/table.h"
#include "services/appointments/domain/ids.h"

namespace finalmile::appointments::store {

// One try to reach a lead; the numbers of channel and disposition are those of the contract.
struct AttemptRow {
  domain::RequestId request;
  // From 1, over the life of the request.
  int64_t number = 0;
  std::string setter;
  int64_t channel = 0;
  int64_t disposition = 0;
  absl::Time attempt_time = absl::UnixEpoch();
  // InfinitePast: none was asked for.
  absl::Time callback_at = absl::InfinitePast();
  // "talkTracks/…"; may be empty.
  std::string talk_track;
  std::string objection;
  bool not_permitted = false;
};

extern const storage::Table<AttemptRow> kAttempts;

// At most `limit` of a request, in order of number, behind the number `after`.
absl::StatusOr<std::vector<AttemptRow>> ListAttempts(storage::Transaction& transaction,
                                                     const domain::RequestId& request, int64_t after,
                                                     int limit);

}  // namespace finalmile::appointments::store
