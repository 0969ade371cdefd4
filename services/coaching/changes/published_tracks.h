#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/storage/database.h"
#include "services/coaching/domain/ids.h"
#include "services/coaching/domain/tracks/talk_track.h"

namespace finalmile::coaching::changes {

// A track that has a published version, as far as practice and mastery need it.
struct PublishedTrack {
  TalkTrackId id;
  // The published version's.
  std::string situation;
  int64_t version = 0;
  // Practices of this version and later ones count for mastery.
  int64_t certificate_version = 0;
};

// The published ones of these, by id.
absl::StatusOr<std::map<TalkTrackId, PublishedTrack>> PublishedTracks(storage::Transaction& transaction,
                                                                      const std::vector<TalkTrackId>& ids);
// All of them, in order of id; at most `limit`.
absl::StatusOr<std::vector<PublishedTrack>> AllPublishedTracks(storage::Transaction& transaction, int limit);
// By situation, in order of id.
using TracksBySituation = std::map<std::string, std::vector<PublishedTrack>>;
absl::StatusOr<TracksBySituation> PublishedTracksFor(storage::Transaction& transaction,
                                                     std::vector<std::string> situations);

// The content of a version that was published.
absl::StatusOr<TalkTrack> ReadContent(storage::Transaction& transaction, const TalkTrackId& track,
                                      int64_t version);

}  // namespace finalmile::coaching::changes
