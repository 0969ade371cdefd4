#include "services/coaching/changes/track_proto.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "libs/base/status.h"
#include "libs/rpc/etag.h"
#include "libs/rpc/timestamps.h"
#include "libs/rpc/violations.h"
#include "services/coaching/changes/analysis_proto.h"
#include "services/coaching/changes/names.h"

namespace finalmile::coaching::changes {
namespace {

struct StoryField {
  std::string Story::*domain;
  const std::string& (v1::Story::*get)() const;
  std::string* (v1::Story::*mutate)();
};
constexpr StoryField kStory[] = {
    {&Story::hook, &v1::Story::hook, &v1::Story::mutable_hook},
    {&Story::before, &v1::Story::before, &v1::Story::mutable_before},
    {&Story::after, &v1::Story::after, &v1::Story::mutable_after},
    {&Story::number, &v1::Story::number, &v1::Story::mutable_number},
    {&Story::question, &v1::Story::question, &v1::Story::mutable_question},
    {&Story::telling_short, &v1::Story::telling_short, &v1::Story::mutable_telling_short},
    {&Story::telling_medium, &v1::Story::telling_medium, &v1::Story::mutable_telling_medium},
    {&Story::telling_long, &v1::Story::telling_long, &v1::Story::mutable_telling_long},
};

TalkTrack FromProto(const v1::TalkTrack& track) {
  TalkTrack content;
  content.owner = track.owner();
  content.title = track.title();
  content.situation = track.situation();
  content.audience = track.audience();
  content.source_assets.assign(track.source_assets().begin(), track.source_assets().end());
  for (const StoryField& field : kStory) content.story.*field.domain = (track.story().*field.get)();
  content.spoken = SpokenFromProto(track);
  content.rubric.name = track.rubric().name();
  for (const v1::Criterion& criterion : track.rubric().criteria()) {
    Criterion& to = content.rubric.criteria.emplace_back();
    to.id = criterion.id();
    to.text = criterion.text();
    to.weight = criterion.weight();
    for (size_t i = 0; i < to.levels.size() && i < static_cast<size_t>(criterion.levels_size()); ++i)
      to.levels[i] = criterion.levels(static_cast<int>(i));
  }
  if (track.has_certificate_validity()) {
    const absl::Duration validity = rpc::FromDuration(track.certificate_validity());
    content.certificate_validity = validity == absl::ZeroDuration() ? absl::InfiniteDuration() : validity;
  }
  return content;
}

}  // namespace

absl::StatusOr<TalkTrack> ContentOf(const v1::TalkTrack& track) {
  TalkTrack content = FromProto(track);
  Normalise(content);
  std::vector<Violation> violations = Validate(content);
  for (int i = 0; i < track.rubric().criteria_size(); ++i) {
    const int levels = track.rubric().criteria(i).levels_size();
    constexpr int kLevels = kHighestLevel + 1;
    if (levels > kLevels) {
      violations.push_back({fmt::format("rubric.criteria[{}].levels", i),
                            fmt::format("must be {} texts, not {}", kLevels, levels)});
    }
  }
  RETURN_IF_ERROR(rpc::ToStatus(violations, "talk_track"));
  return content;
}

v1::TalkTrack ToProto(const TalkTrack& track) {
  v1::TalkTrack to;
  to.set_owner(track.owner);
  to.set_title(track.title);
  to.set_situation(track.situation);
  to.set_audience(track.audience);
  for (const std::string& asset : track.source_assets) to.add_source_assets(asset);
  for (const StoryField& field : kStory) *(to.mutable_story()->*field.mutate)() = track.story.*field.domain;
  SetSpoken(track.spoken, to);
  to.mutable_rubric()->set_name(track.rubric.name);
  for (const Criterion& criterion : track.rubric.criteria) {
    v1::Criterion& added = *to.mutable_rubric()->add_criteria();
    added.set_id(criterion.id);
    added.set_text(criterion.text);
    added.set_weight(criterion.weight);
    for (const std::string& level : criterion.levels) added.add_levels(level);
  }
  const bool for_ever = track.certificate_validity == absl::InfiniteDuration();
  *to.mutable_certificate_validity() =
      rpc::ToDuration(for_ever ? absl::ZeroDuration() : track.certificate_validity);
  return to;
}

std::string Encode(const TalkTrack& track) {
  v1::TalkTrack content = ToProto(track);
  for (const Violation& violation : Missing(track)) content.add_missing(ToText(violation));
  return content.SerializeAsString();
}

absl::StatusOr<v1::TalkTrack> Decode(const store::VersionRow& version) {
  v1::TalkTrack content;
  if (content.ParseFromString(version.content)) return content;
  return absl::DataLossError(
      fmt::format("version {} of {} is damaged", version.version, NameOf(version.talk_track)));
}

absl::StatusOr<TalkTrack> DecodeContent(const store::VersionRow& version) {
  ASSIGN_OR_RETURN(const v1::TalkTrack content, Decode(version));
  return FromProto(content);
}

absl::StatusOr<v1::TalkTrack> ToProto(const store::TrackRow& row, const store::VersionRow& version,
                                      const std::vector<Source>& sources, int64_t examples) {
  const Life& life = row.life;
  ASSIGN_OR_RETURN(v1::TalkTrack to, Decode(version));
  to.set_name(NameOf(row.id));
  to.set_version(version.version);
  to.set_published_version(life.published_version);
  to.set_latest_version(life.latest_version);
  to.set_certificate_version(life.certificate_version);
  to.set_state(static_cast<v1::TalkTrack::State>(StateOf(life, version.version)));
  to.set_sources_changed(row.sources_changed);
  for (const Source& source : sources) {
    if (source.change == SourceChangeKind::kNone) continue;
    v1::SourceChange& change = *to.add_source_changes();
    change.set_asset(source.asset);
    change.set_kind(static_cast<v1::SourceChange::Kind>(source.change));
    change.set_asset_version(source.asset_version);
    *change.mutable_time() = rpc::ToTimestamp(source.change_time);
  }
  if (examples == 0) to.add_missing(ToText(NoExample()));
  to.set_etag(rpc::Etag(row.revision));
  *to.mutable_create_time() = rpc::ToTimestamp(row.create_time);
  *to.mutable_update_time() = rpc::ToTimestamp(row.update_time);
  if (version.publish_time != absl::InfinitePast())
    *to.mutable_publish_time() = rpc::ToTimestamp(version.publish_time);
  return to;
}

v1::Example HeadOf(const store::ExampleRow& row) {
  v1::Example example;
  example.set_name(ExampleName(row.id));
  example.set_talk_track(NameOf(row.talk_track));
  example.set_title(row.head.title);
  example.set_provenance(static_cast<v1::Example::Provenance>(row.head.provenance));
  example.set_consent_reference(row.head.consent_reference);
  if (row.head.expire_time != absl::InfiniteFuture())
    *example.mutable_expire_time() = rpc::ToTimestamp(row.head.expire_time);
  example.set_audio_uri(row.head.audio_uri);
  *example.mutable_create_time() = rpc::ToTimestamp(row.create_time);
  example.set_turn_count(static_cast<int32_t>(row.turn_count));
  return example;
}

absl::StatusOr<v1::Example> ToProto(const store::ExampleRow& row) {
  v1::Example example = HeadOf(row);
  // The turns are the same message with nothing but them.
  if (example.MergeFromString(row.turns)) return example;
  return absl::DataLossError(fmt::format("{} is damaged", ExampleName(row.id)));
}

}  // namespace finalmile::coaching::changes
