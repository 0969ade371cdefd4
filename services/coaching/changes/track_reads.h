#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "finalmile/coaching/v1/talk_track.pb.h"
#include "libs/storage/database.h"
#include "services/coaching/store/track_store.h"

namespace finalmile::coaching::changes {

// Who asks for a track.
enum class Reader {
  // It sees versions that are or were published.
  kRep,
  // It sees drafts, too.
  kAuthor,
};

// The version that ReadTrack answers with otherwise.
inline constexpr int64_t kShown = 0;
inline constexpr int64_t kLatest = -1;

// A track at a version, as callers see it at `now`. NOT_FOUND / TALK_TRACK_NOT_FOUND, VERSION_NOT_FOUND.
absl::StatusOr<v1::TalkTrack> ReadTrack(storage::Transaction& transaction, const TalkTrackId& id,
                                        int64_t version, Reader reader, absl::Time now);
// The tracks of `rows`, in their order, each at the version that is shown.
absl::StatusOr<std::vector<v1::TalkTrack>> ReadShown(storage::Transaction& transaction,
                                                     const std::vector<store::TrackRow>& rows,
                                                     absl::Time now);

}  // namespace finalmile::coaching::changes
