#include "services/coaching/store/track_store.h"

#include <fmt/format.h>

#include <algorithm>

#include "libs/base/status.h"
#include "libs/storage/columns.h"

namespace finalmile::coaching::store {
namespace {

using storage::In;
using storage::Row;
using storage::Transaction;
using storage::Value;

const storage::Table<VersionRow> kVersions("talk_track_versions", {"talk_track", "version"},
                                           {{"talk_track", &VersionRow::talk_track},
                                            {"version", &VersionRow::version},
                                            {"content", storage::kAsBytes, &VersionRow::content},
                                            {"publish_time", &VersionRow::publish_time, absl::InfinitePast()},
                                            {"create_time", &VersionRow::create_time}});
const storage::Table<VersionRow> kPublishTimes = kVersions.Part({"publish_time"});

struct SourceRow {
  TalkTrackId talk_track;
  Source source;
};
const storage::Table<SourceRow> kSources("talk_track_sources", {"talk_track", "asset"},
                                         {{"talk_track", &SourceRow::talk_track},
                                          {"asset", In(&SourceRow::source, &Source::asset)},
                                          {"change", In(&SourceRow::source, &Source::change)},
                                          {"asset_version", In(&SourceRow::source, &Source::asset_version)},
                                          {"change_time", In(&SourceRow::source, &Source::change_time),
                                           absl::InfinitePast()}});

// For {rows: key_track TEXT, key_version BIGINT}.
std::vector<Row> KeyRows(const std::vector<VersionKey>& keys) {
  std::vector<Row> rows;
  rows.reserve(keys.size());
  for (const auto& [track, version] : keys) rows.push_back(Row({track.text(), version}));
  return rows;
}

}  // namespace

const storage::Table<TrackRow> kTracks(
    "talk_tracks", {"id"},
    {{"id", &TrackRow::id},
     {"revision", &TrackRow::revision},
     {"seq", &TrackRow::seq},
     {"title", &TrackRow::title},
     {"owner", &TrackRow::owner},
     {"language", &TrackRow::language},
     {"situation", &TrackRow::situation},
     // Filters read it.
     {"state", "BIGINT",
      [](const TrackRow& row) -> Value {
        return static_cast<int64_t>(StateOf(row.life, ShownVersion(row.life)));
      }},
     {"latest_version", In(&TrackRow::life, &Life::latest_version)},
     {"published_version", In(&TrackRow::life, &Life::published_version)},
     {"certificate_version", In(&TrackRow::life, &Life::certificate_version)},
     {"publish_time", In(&TrackRow::life, &Life::publish_time), absl::InfinitePast()},
     {"sources_changed", &TrackRow::sources_changed},
     {"due_time", &TrackRow::due_time, absl::InfiniteFuture()},
     {"create_time", &TrackRow::create_time},
     {"update_time", &TrackRow::update_time}});

absl::StatusOr<std::vector<TrackRow>> ReadTracks(Transaction& transaction,
                                                 const std::vector<TalkTrackId>& ids) {
  ASSIGN_OR_RETURN(const storage::Deferred read, kTracks.DeferRead(transaction, ids));
  RETURN_IF_ERROR(transaction.Settle());
  return kTracks.Records(*read);
}

absl::StatusOr<std::vector<TrackRow>> ListTracks(Transaction& transaction,
                                                 const storage::Condition& condition, std::string_view after,
                                                 int limit) {
  std::vector<Value> values = condition.values;
  const size_t bound = values.size();
  values.emplace_back(std::string(after));
  values.emplace_back(int64_t{limit});
  const std::string sql = fmt::format("{} WHERE {} AND id > ${} ORDER BY id LIMIT ${}", kTracks.select(),
                                      condition.sql, bound + 1, bound + 2);
  ASSIGN_OR_RETURN(const storage::Result result, transaction.Execute(sql, std::move(values)));
  return kTracks.Records(result);
}

absl::StatusOr<int64_t> CountTracks(Transaction& transaction) {
  ASSIGN_OR_RETURN(const storage::Result result, transaction.Execute("SELECT COUNT(*) FROM talk_tracks"));
  return result.rows.front().Int(0);
}

absl::Status SetDueTimes(Transaction& transaction, const std::vector<TrackRow>& tracks) {
  static const auto& kDueTimes = *new storage::Table<TrackRow>(kTracks.Part({"due_time"}));
  return kDueTimes.Update(transaction, storage::Pointers(tracks));
}

absl::Status InsertVersions(Transaction& transaction, const std::vector<VersionRow>& versions) {
  return kVersions.Insert(transaction, storage::Pointers(versions));
}

absl::Status SetPublishTimes(Transaction& transaction, const std::vector<VersionRow>& versions) {
  return kPublishTimes.Update(transaction, storage::Pointers(versions));
}

absl::Status DeleteDrafts(Transaction& transaction, const std::vector<VersionKey>& drafts) {
  return transaction
      .DeferMany(R"sql(
DELETE FROM talk_track_versions
WHERE publish_time IS NULL AND EXISTS (
  SELECT 1 FROM {rows: key_track TEXT, key_version BIGINT} AS r
  WHERE r.key_track = talk_track AND r.key_version = version))sql",
                 KeyRows(drafts))
      .status();
}

absl::StatusOr<std::map<VersionKey, VersionRow>> ReadVersions(Transaction& transaction,
                                                              const std::vector<VersionKey>& keys) {
  ASSIGN_OR_RETURN(const storage::Result result, transaction.ExecuteMany(kVersions.select() + R"sql(
JOIN {rows: key_track TEXT, key_version BIGINT} AS r
  ON talk_track = r.key_track AND version = r.key_version)sql",
                                                                         KeyRows(keys)));
  ASSIGN_OR_RETURN(std::vector<VersionRow> rows, kVersions.Records(result));
  std::map<VersionKey, VersionRow> versions;
  for (VersionRow& row : rows) {
    VersionKey key{row.talk_track, row.version};
    versions.emplace(std::move(key), std::move(row));
  }
  return versions;
}

absl::StatusOr<SourcesByTrack> ReadSources(Transaction& transaction, const std::vector<TalkTrackId>& tracks) {
  ASSIGN_OR_RETURN(const storage::Result result, transaction.ExecuteMany(kSources.select() + R"sql(
JOIN {rows: id TEXT} AS r ON talk_track = r.id)sql",
                                                                         storage::IdRows(tracks)));
  ASSIGN_OR_RETURN(std::vector<SourceRow> rows, kSources.Records(result));
  SourcesByTrack sources;
  for (SourceRow& row : rows) sources[row.talk_track].push_back(std::move(row.source));
  for (auto& [track, of_track] : sources) {
    std::sort(of_track.begin(), of_track.end(),
              [](const Source& a, const Source& b) { return a.asset < b.asset; });
  }
  return sources;
}

absl::Status WriteSources(Transaction& transaction, const SourcesByTrack& sources) {
  std::vector<TalkTrackId> tracks;
  std::vector<SourceRow> rows;
  for (const auto& [track, of_track] : sources) {
    tracks.push_back(track);
    for (const Source& source : of_track) rows.push_back({track, source});
  }
  RETURN_IF_ERROR(transaction
                      .DeferMany(R"sql(
DELETE FROM talk_track_sources
WHERE talk_track IN (SELECT r.id FROM {rows: id TEXT} AS r))sql",
                                 storage::IdRows(tracks))
                      .status());
  return kSources.Insert(transaction, storage::Pointers(rows));
}

absl::StatusOr<std::vector<TalkTrackId>> TracksBuiltOn(Transaction& transaction,
                                                       const std::vector<std::string>& assets) {
  ASSIGN_OR_RETURN(
      std::vector<TalkTrackId> tracks,
      storage::FirstTexts<TalkTrackId>(transaction.ExecuteMany(
          "SELECT s.talk_track FROM {rows: id TEXT} AS r JOIN talk_track_sources AS s ON s.asset = r.id",
          storage::IdRows(assets))));
  return storage::SortedUnique(std::move(tracks));
}

}  // namespace finalmile::coaching::store
