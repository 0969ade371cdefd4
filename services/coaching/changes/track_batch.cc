#include "services/coaching/changes/track_batch.h"

#include <fmt/format.h>

#include "libs/base/status.h"
#include "libs/rpc/errors.h"
#include "libs/rpc/timestamps.h"
#include "libs/rpc/violations.h"

namespace finalmile::coaching::changes {
namespace {

absl::Status Incomplete(std::string_view name, const std::vector<Violation>& missing) {
  return rpc::WithViolations(
      rpc::Error(absl::StatusCode::kFailedPrecondition, "INCOMPLETE",
                 fmt::format("{} cannot be published: {}{}", name, ToText(missing.front()),
                             missing.size() > 1 ? fmt::format(", and {} more", missing.size() - 1) : ""),
                 {{"talk_track", name}}),
      missing, "talk_track");
}

}  // namespace

absl::StatusOr<const TalkTrack*> TrackBatch::Latest(Entry& entry) {
  if (!entry.latest) {
    const store::VersionKey key{entry.row.id, entry.row.life.latest_version};
    ASSIGN_OR_RETURN(const auto versions, store::ReadVersions(transaction_, {key}));
    const auto found = versions.find(key);
    if (found == versions.end())
      return absl::DataLossError(tracks_.NameOf(entry) + " lacks its newest version");
    ASSIGN_OR_RETURN(entry.latest, DecodeContent(found->second));
  }
  return &*entry.latest;
}

absl::Status TrackBatch::LoadSources(Entry& entry) {
  if (entry.sources) return absl::OkStatus();
  ASSIGN_OR_RETURN(store::SourcesByTrack sources, store::ReadSources(transaction_, {entry.row.id}));
  entry.sources = std::move(sources[entry.row.id]);
  return absl::OkStatus();
}

void TrackBatch::Touch(Entry& entry) {
  entry.changed = true;
  entry.row.revision = entry.before.revision + (entry.locked ? 1 : 0);
  entry.row.update_time = context_.now;
}

void TrackBatch::Show(Entry& entry) {
  store::TrackRow& row = entry.row;
  if (ShownVersion(row.life) != row.life.latest_version) return;
  row.title = entry.latest->title;
  row.owner = entry.latest->owner;
  row.language = entry.latest->spoken.language;
  row.situation = entry.latest->situation;
}

void TrackBatch::WriteVersion(Entry& entry, TalkTrack content) {
  coaching::Write(entry.row.life);
  entry.latest = std::move(content);
  entry.version = store::VersionRow{entry.row.id, entry.row.life.latest_version, Encode(*entry.latest),
                                    absl::InfinitePast(), context_.now};
  Touch(entry);
  Show(entry);
}

void TrackBatch::Create(const TalkTrackId& id, TalkTrack content) {
  Entry& entry = tracks_.Add(id, Tracks::Id::kChosen);
  entry.row.create_time = context_.now;
  WriteVersion(entry, std::move(content));
}

absl::Status TrackBatch::Change(Entry& entry, TalkTrack content) {
  ASSIGN_OR_RETURN(const TalkTrack* latest, Latest(entry));
  if (content != *latest) WriteVersion(entry, std::move(content));
  return absl::OkStatus();
}

absl::Status TrackBatch::Publish(Entry& entry, bool recertify) {
  store::TrackRow& row = entry.row;
  ASSIGN_OR_RETURN(const TalkTrack* latest, Latest(entry));
  std::vector<Violation> missing = Missing(*latest);
  ASSIGN_OR_RETURN(auto examples, store::CountExamples(transaction_, {row.id}, context_.now));
  if (examples[row.id] == 0) missing.push_back(NoExample());
  if (!missing.empty()) return Incomplete(tracks_.NameOf(entry), missing);
  const Life before = row.life;
  if (!coaching::Publish(row.life, recertify, row.sources_changed, context_.now)) return absl::OkStatus();
  // Not now: what concerns a rep may be written by a transaction that is not committed, and does not see this
  // one.
  row.due_time = context_.now;
  entry.published = true;
  entry.sources_written = true;
  entry.sources.emplace();
  for (const std::string& asset : latest->source_assets) entry.sources->push_back({asset});
  row.sources_changed = false;
  Touch(entry);
  Show(entry);
  v1::TalkTrackPublished& event = *tracks_.Emit(entry).mutable_talk_track_published();
  event.set_version(row.life.published_version);
  event.set_situation(latest->situation);
  event.set_audience(latest->audience);
  for (const std::string& asset : latest->source_assets) event.add_source_assets(asset);
  event.set_language(latest->spoken.language);
  event.set_recertify(Recertifies(before, row.life));
  *event.mutable_certificate_validity() = ToProto(*latest).certificate_validity();
  return absl::OkStatus();
}

absl::Status TrackBatch::TakeChanges(Entry& entry, const std::vector<Source>& changes) {
  RETURN_IF_ERROR(LoadSources(entry));
  for (const Source& change : changes) {
    for (Source& source : *entry.sources) {
      if (source.asset != change.asset || !TakeChange(source, change, entry.row.life)) continue;
      entry.sources_written = true;
      entry.row.sources_changed = true;
      Touch(entry);
      v1::TalkTrackSourcesChanged& event = *tracks_.Emit(entry).mutable_talk_track_sources_changed();
      event.set_version(entry.row.life.published_version);
      event.set_asset(source.asset);
      event.set_asset_version(source.asset_version);
      event.set_kind(static_cast<v1::SourceChange::Kind>(source.change));
    }
  }
  return absl::OkStatus();
}

absl::Status TrackBatch::Write() {
  std::vector<store::VersionRow> versions;
  std::vector<store::VersionRow> published;
  std::vector<store::VersionKey> drafts;
  store::SourcesByTrack sources;
  for (auto& [id, entry] : tracks_.entries()) {
    if (entry.version) {
      versions.push_back(*entry.version);
      // Nobody was given it, and nothing names it.
      if (entry.locked) drafts.emplace_back(id, entry.before.life.latest_version);
    }
    if (entry.published) {
      store::VersionRow& version = published.emplace_back();
      version.talk_track = id;
      version.version = entry.row.life.published_version;
      version.publish_time = context_.now;
    }
    if (entry.sources_written) sources[id] = *entry.sources;
  }
  RETURN_IF_ERROR(tracks_.Write());
  RETURN_IF_ERROR(store::DeleteDrafts(transaction_, drafts));
  RETURN_IF_ERROR(store::InsertVersions(transaction_, versions));
  RETURN_IF_ERROR(store::SetPublishTimes(transaction_, published));
  return store::WriteSources(transaction_, sources);
}

}  // namespace finalmile::coaching::changes
