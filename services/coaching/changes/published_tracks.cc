#include "services/coaching/changes/published_tracks.h"

#include <fmt/format.h>

#include "libs/base/status.h"
#include "libs/storage/columns.h"
#include "services/coaching/changes/names.h"
#include "services/coaching/changes/track_proto.h"
#include "services/coaching/store/track_store.h"

namespace finalmile::coaching::changes {
namespace {

constexpr int kMostForSituations = 1'000;

PublishedTrack PublishedOf(const store::TrackRow& row) {
  return {row.id, row.situation, row.life.published_version, row.life.certificate_version};
}

}  // namespace

absl::StatusOr<std::map<TalkTrackId, PublishedTrack>> PublishedTracks(storage::Transaction& transaction,
                                                                      const std::vector<TalkTrackId>& ids) {
  ASSIGN_OR_RETURN(const std::vector<store::TrackRow> rows, store::ReadTracks(transaction, ids));
  std::map<TalkTrackId, PublishedTrack> tracks;
  for (const store::TrackRow& row : rows) {
    if (row.life.published_version != 0) tracks.emplace(row.id, PublishedOf(row));
  }
  return tracks;
}

absl::StatusOr<std::vector<PublishedTrack>> AllPublishedTracks(storage::Transaction& transaction, int limit) {
  ASSIGN_OR_RETURN(const std::vector<store::TrackRow> rows,
                   store::ListTracks(transaction, {"published_version <> 0"}, "", limit));
  std::vector<PublishedTrack> tracks;
  for (const store::TrackRow& row : rows) tracks.push_back(PublishedOf(row));
  return tracks;
}

absl::StatusOr<TracksBySituation> PublishedTracksFor(storage::Transaction& transaction,
                                                     std::vector<std::string> situations) {
  TracksBySituation tracks;
  storage::Condition condition;
  std::string list;
  for (std::string& situation : storage::SortedUnique(std::move(situations))) {
    if (situation.empty()) continue;
    condition.values.emplace_back(std::move(situation));
    list += fmt::format("{}${}", list.empty() ? "" : ", ", condition.values.size());
  }
  if (list.empty()) return tracks;
  condition.sql = fmt::format("published_version <> 0 AND situation IN ({})", list);
  ASSIGN_OR_RETURN(const std::vector<store::TrackRow> rows,
                   store::ListTracks(transaction, condition, "", kMostForSituations));
  for (const store::TrackRow& row : rows) tracks[row.situation].push_back(PublishedOf(row));
  return tracks;
}

absl::StatusOr<TalkTrack> ReadContent(storage::Transaction& transaction, const TalkTrackId& track,
                                      int64_t version) {
  const store::VersionKey key{track, version};
  ASSIGN_OR_RETURN(const auto versions, store::ReadVersions(transaction, {key}));
  const auto found = versions.find(key);
  if (found == versions.end())
    return absl::DataLossError(fmt::format("{} lacks its version {}", NameOf(track), version));
  return DecodeContent(found->second);
}

}  // namespace finalmile::coaching::changes
