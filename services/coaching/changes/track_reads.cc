#include "services/coaching/changes/track_reads.h"

#include <fmt/format.h>

#include "libs/base/status.h"
#include "libs/rpc/errors.h"
#include "services/coaching/changes/names.h"
#include "services/coaching/changes/track_proto.h"

namespace finalmile::coaching::changes {
namespace {

using storage::Transaction;

// Rows with the version of each that is wanted; one that does not exist is nullopt.
absl::StatusOr<std::vector<std::optional<v1::TalkTrack>>> ReadAt(Transaction& transaction,
                                                                 const std::vector<store::TrackRow>& rows,
                                                                 const std::vector<store::VersionKey>& keys,
                                                                 absl::Time now) {
  std::vector<TalkTrackId> ids;
  for (const store::TrackRow& row : rows) ids.push_back(row.id);
  ASSIGN_OR_RETURN(const auto versions, store::ReadVersions(transaction, keys));
  ASSIGN_OR_RETURN(store::SourcesByTrack sources, store::ReadSources(transaction, ids));
  ASSIGN_OR_RETURN(auto examples, store::CountExamples(transaction, ids, now));
  std::vector<std::optional<v1::TalkTrack>> tracks;
  for (size_t i = 0; i < rows.size(); ++i) {
    const auto version = versions.find(keys[i]);
    if (version == versions.end()) {
      tracks.emplace_back();
      continue;
    }
    ASSIGN_OR_RETURN(v1::TalkTrack track,
                     ToProto(rows[i], version->second, sources[rows[i].id], examples[rows[i].id]));
    tracks.emplace_back(std::move(track));
  }
  return tracks;
}

}  // namespace

absl::StatusOr<v1::TalkTrack> ReadTrack(Transaction& transaction, const TalkTrackId& id, int64_t version,
                                        Reader reader, absl::Time now) {
  const std::string name = NameOf(id);
  ASSIGN_OR_RETURN(const std::vector<store::TrackRow> rows, store::ReadTracks(transaction, {id}));
  const bool hidden = rows.empty() || (reader == Reader::kRep && rows[0].life.published_version == 0);
  if (hidden) return rpc::NotFound(name, "talk_track");
  if (version == kShown) version = ShownVersion(rows[0].life);
  if (version == kLatest) version = rows[0].life.latest_version;
  ASSIGN_OR_RETURN(std::vector<std::optional<v1::TalkTrack>> tracks,
                   ReadAt(transaction, rows, {{id, version}}, now));
  if (!tracks[0] || (reader == Reader::kRep && !tracks[0]->has_publish_time())) {
    return rpc::Error(absl::StatusCode::kNotFound, "VERSION_NOT_FOUND",
                      fmt::format("{} has no version {}", name, version), {{"resource", name}});
  }
  return *std::move(tracks[0]);
}

absl::StatusOr<std::vector<v1::TalkTrack>> ReadShown(Transaction& transaction,
                                                     const std::vector<store::TrackRow>& rows,
                                                     absl::Time now) {
  std::vector<store::VersionKey> keys;
  for (const store::TrackRow& row : rows) keys.emplace_back(row.id, ShownVersion(row.life));
  ASSIGN_OR_RETURN(std::vector<std::optional<v1::TalkTrack>> read, ReadAt(transaction, rows, keys, now));
  std::vector<v1::TalkTrack> tracks;
  for (size_t i = 0; i < rows.size(); ++i) {
    if (!read[i])
      return absl::DataLossError(fmt::format("{} lacks the version that is shown", NameOf(rows[i].id)));
    tracks.push_back(*std::move(read[i]));
  }
  return tracks;
}

}  // namespace finalmile::coaching::changes
