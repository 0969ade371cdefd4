#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/storage/condition.h"
#include "libs/storage/table.h"
#include "services/coaching/domain/ids.h"
#include "services/coaching/domain/tracks/life.h"

namespace finalmile::coaching::store {

struct TrackRow {
  TalkTrackId id;
  // Grows with every change of the track; its etag.
  int64_t revision = 1;
  // The seq of the last event with this track as key.
  int64_t seq = 0;
  // Filters read these of the version that is shown (ShownVersion).
  std::string title;
  std::string owner;
  std::string language;
  std::string situation;
  Life life;
  // Some source has changed since the publication.
  bool sources_changed = false;
  // When the reps to whom it matters are looked at, since it was published; InfiniteFuture: they were.
  absl::Time due_time = absl::InfiniteFuture();
  absl::Time create_time = absl::UnixEpoch();
  absl::Time update_time = absl::UnixEpoch();
};

extern const storage::Table<TrackRow> kTracks;

// Those that exist, in any order.
absl::StatusOr<std::vector<TrackRow>> ReadTracks(storage::Transaction& transaction,
                                                 const std::vector<TalkTrackId>& ids);
// Those that meet `condition`, behind the id `after`, in order of id.
absl::StatusOr<std::vector<TrackRow>> ListTracks(storage::Transaction& transaction,
                                                 const storage::Condition& condition, std::string_view after,
                                                 int limit);
absl::StatusOr<int64_t> CountTracks(storage::Transaction& transaction);

// A version of a track. `content` is opaque here.
struct VersionRow {
  TalkTrackId talk_track;
  int64_t version = 0;
  std::string content;
  // When it was published last; InfinitePast: never.
  absl::Time publish_time = absl::InfinitePast();
  absl::Time create_time = absl::UnixEpoch();
};
// (track, version).
using VersionKey = std::pair<TalkTrackId, int64_t>;

// Writes the due_time of tracks that exist; but for the key, nothing else is read. Deferred.
absl::Status SetDueTimes(storage::Transaction& transaction, const std::vector<TrackRow>& tracks);

absl::Status InsertVersions(storage::Transaction& transaction, const std::vector<VersionRow>& versions);
// Writes the publish_time of versions that exist; but for the key, nothing else is read.
absl::Status SetPublishTimes(storage::Transaction& transaction, const std::vector<VersionRow>& versions);
// Deletes versions that were never published.
absl::Status DeleteDrafts(storage::Transaction& transaction, const std::vector<VersionKey>& drafts);
// Those that exist.
absl::StatusOr<std::map<VersionKey, VersionRow>> ReadVersions(storage::Transaction& transaction,
                                                              const std::vector<VersionKey>& keys);

// The sources of each track's published version, in order of asset.
using SourcesByTrack = std::map<TalkTrackId, std::vector<Source>>;
absl::StatusOr<SourcesByTrack> ReadSources(storage::Transaction& transaction,
                                           const std::vector<TalkTrackId>& tracks);
// Replaces those of each track.
absl::Status WriteSources(storage::Transaction& transaction, const SourcesByTrack& sources);
// The tracks whose published version is built on one of `assets`, in order, each once.
absl::StatusOr<std::vector<TalkTrackId>> TracksBuiltOn(storage::Transaction& transaction,
                                                       const std::vector<std::string>& assets);

}  // namespace finalmile::coaching::store
