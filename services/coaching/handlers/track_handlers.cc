#include "services/coaching/handlers/track_handlers.h"

#include <fmt/format.h>

#include <string>
#include <vector>

#include "libs/base/status.h"
#include "libs/base/text.h"
#include "libs/outbox/mutation.h"
#include "libs/rpc/errors.h"
#include "libs/rpc/etag.h"
#include "libs/rpc/filter.h"
#include "libs/rpc/masks.h"
#include "libs/rpc/paging.h"
#include "libs/rpc/resource_name.h"
#include "services/coaching/changes/track_batch.h"
#include "services/coaching/changes/track_reads.h"
#include "services/coaching/domain/analysis/cue.h"
#include "services/coaching/handlers/reader.h"

namespace finalmile::coaching::handlers {
namespace {

using changes::TrackBatch;
using storage::Transaction;

constexpr int64_t kMostTracks = 1'000;
constexpr size_t kMaxId = 100;

constexpr std::string_view kUpdatable[] = {"owner",    "title",         "language", "situation",
                                           "audience", "source_assets", "story",    "key_messages",
                                           "avoid",    "bands",         "rubric",   "certificate_validity"};

// The last part of the name that the request asks for.
absl::StatusOr<TalkTrackId> IdOf(const v1::CreateTalkTrackRequest& request, std::string_view title) {
  if (!request.talk_track_id().empty()) {
    if (IsToken(request.talk_track_id(), kMaxId, "_-")) return TalkTrackId(request.talk_track_id());
    return rpc::InvalidField("talk_track_id",
                             fmt::format("must be 1 to {} characters of [a-z0-9_-]", kMaxId));
  }
  std::string id = IdFromTitle(title, kMaxIdFromTitle);
  if (id.empty())
    return rpc::InvalidField("talk_track_id", "is required where the title has no letter of a to z");
  return TalkTrackId(std::move(id));
}

// Locks one; NOT_FOUND, ABORTED where `etag` is not its own.
absl::StatusOr<TrackBatch::Entry*> Lock(TrackBatch& batch, const std::string& name, std::string_view etag) {
  const TalkTrackId id(rpc::IdIn(name));
  RETURN_IF_ERROR(batch.Lock({id}));
  TrackBatch::Entry* entry = batch.Find(id);
  if (entry == nullptr) return rpc::NotFound(name, "talk_track");
  RETURN_IF_ERROR(rpc::CheckEtag(etag, entry->row.revision, name));
  return entry;
}

void AddReading(const KeyMessage& message, const std::string& cue, std::string_view language,
                v1::PublishTalkTrackResponse& response) {
  const CueReading reading = ReadCue(cue, language);
  v1::CueReading& added = *response.add_cues();
  added.set_message(message.id);
  added.set_cue(cue);
  added.set_exact(reading.exact);
  for (const std::string& word : reading.words) added.add_words(word);
  for (const std::string& stem : reading.stems) added.add_stems(stem);
  added.set_needed_words(static_cast<int32_t>(reading.needed));
}

const rpc::FilterSchema& Schema() {
  using rpc::FilterType;
  static const auto& schema =
      *new rpc::FilterSchema{{{"state", FilterType::kEnum, "state",
                               rpc::EnumWords(*v1::TalkTrack::State_descriptor(), rpc::StoredAs::kNumber)},
                              {"situation", FilterType::kText, "situation"},
                              {"language", FilterType::kText, "language"},
                              {"owner", FilterType::kText, "owner"},
                              {"title", FilterType::kText, "title"},
                              {"sources_changed", FilterType::kBool, "sources_changed"},
                              {"create_time", FilterType::kTimestamp, "create_time"},
                              {"update_time", FilterType::kTimestamp, "update_time"}}};
  return schema;
}

}  // namespace

absl::StatusOr<v1::TalkTrack> TrackHandlers::CreateTalkTrack(rpc::CallContext& context,
                                                             const v1::CreateTalkTrackRequest& request) {
  ASSIGN_OR_RETURN(const TalkTrack content, changes::ContentOf(request.talk_track()));
  ASSIGN_OR_RETURN(const TalkTrackId id, IdOf(request, content.title));
  const outbox::Cause cause = outbox::CauseOf(context);
  return outbox::Mutate<v1::TalkTrack>(
      context, d_.database, request,
      [&](Transaction& transaction, absl::Time now) -> absl::StatusOr<v1::TalkTrack> {
        TrackBatch batch(transaction, {d_.clock, d_.rng, now, cause});
        RETURN_IF_ERROR(batch.Lock({id}));
        if (batch.Find(id) != nullptr) {
          const std::string name = changes::NameOf(id);
          return rpc::Error(absl::StatusCode::kAlreadyExists, "TALK_TRACK_EXISTS",
                            fmt::format("{} exists", name), {{"talk_track", name}});
        }
        ASSIGN_OR_RETURN(const int64_t count, store::CountTracks(transaction));
        if (count >= kMostTracks) {
          return rpc::Error(absl::StatusCode::kResourceExhausted, "TOO_MANY_TALK_TRACKS",
                            fmt::format("there are {} talk tracks; change one of them", kMostTracks));
        }
        batch.Create(id, content);
        RETURN_IF_ERROR(batch.Write());
        return changes::ReadTrack(transaction, id, changes::kLatest, changes::Reader::kAuthor, now);
      });
}

absl::StatusOr<v1::TalkTrack> TrackHandlers::UpdateTalkTrack(rpc::CallContext& context,
                                                             const v1::UpdateTalkTrackRequest& request) {
  const v1::TalkTrack& change = request.talk_track();
  const outbox::Cause cause = outbox::CauseOf(context);
  return outbox::Mutate<v1::TalkTrack>(
      context, d_.database, request,
      [&](Transaction& transaction, absl::Time now) -> absl::StatusOr<v1::TalkTrack> {
        TrackBatch batch(transaction, {d_.clock, d_.rng, now, cause});
        ASSIGN_OR_RETURN(TrackBatch::Entry * entry, Lock(batch, change.name(), change.etag()));
        ASSIGN_OR_RETURN(const TalkTrack* latest, batch.Latest(*entry));
        v1::TalkTrack merged = changes::ToProto(*latest);
        RETURN_IF_ERROR(rpc::ApplyMask(request.update_mask(), kUpdatable, change, merged));
        ASSIGN_OR_RETURN(TalkTrack content, changes::ContentOf(merged));
        RETURN_IF_ERROR(batch.Change(*entry, std::move(content)));
        RETURN_IF_ERROR(batch.Write());
        return changes::ReadTrack(transaction, entry->row.id, changes::kLatest, changes::Reader::kAuthor,
                                  now);
      });
}

absl::StatusOr<v1::PublishTalkTrackResponse> TrackHandlers::PublishTalkTrack(
    rpc::CallContext& context, const v1::PublishTalkTrackRequest& request) {
  const outbox::Cause cause = outbox::CauseOf(context);
  return outbox::Mutate<v1::PublishTalkTrackResponse>(
      context, d_.database, request,
      [&](Transaction& transaction, absl::Time now) -> absl::StatusOr<v1::PublishTalkTrackResponse> {
        TrackBatch batch(transaction, {d_.clock, d_.rng, now, cause});
        ASSIGN_OR_RETURN(TrackBatch::Entry * entry, Lock(batch, request.name(), request.etag()));
        RETURN_IF_ERROR(batch.Publish(*entry, request.recertify()));
        RETURN_IF_ERROR(batch.Write());
        v1::PublishTalkTrackResponse response;
        ASSIGN_OR_RETURN(const TalkTrack* content, batch.Latest(*entry));
        for (const KeyMessage& message : content->spoken.key_messages) {
          for (const std::string& cue : message.cues)
            AddReading(message, cue, content->spoken.language, response);
          if (message.cues.empty()) AddReading(message, message.text, content->spoken.language, response);
        }
        ASSIGN_OR_RETURN(
            *response.mutable_talk_track(),
            changes::ReadTrack(transaction, entry->row.id, changes::kLatest, changes::Reader::kAuthor, now));
        return response;
      });
}

absl::StatusOr<v1::TalkTrack> TrackHandlers::GetTalkTrack(rpc::CallContext& context,
                                                          const v1::GetTalkTrackRequest& request) {
  if (request.version() < 0) return rpc::InvalidField("version", "must be 0 or more");
  return outbox::Read<v1::TalkTrack>(context, d_.database, [&](Transaction& transaction) {
    return changes::ReadTrack(transaction, TalkTrackId(rpc::IdIn(request.name())), request.version(),
                              ReaderOf(context), d_.clock.Now());
  });
}

absl::StatusOr<v1::ListTalkTracksResponse> TrackHandlers::ListTalkTracks(
    rpc::CallContext& context, const v1::ListTalkTracksRequest& request) {
  using Entries = std::vector<rpc::PageEntry<v1::TalkTrack>>;
  ASSIGN_OR_RETURN(const rpc::Page page, rpc::Page::Of(context.answers(), request, {std::string()}));
  ASSIGN_OR_RETURN(storage::Condition condition, rpc::CompileFilter(request.filter(), Schema()));
  if (ReaderOf(context) == changes::Reader::kRep)
    condition.sql = fmt::format("({} AND published_version <> 0)", condition.sql);
  return outbox::Read<v1::ListTalkTracksResponse>(
      context, d_.database, [&](Transaction& transaction) -> absl::StatusOr<v1::ListTalkTracksResponse> {
        v1::ListTalkTracksResponse response;
        const auto read = [&](const rpc::Page::Cursor& cursor, int count) -> absl::StatusOr<Entries> {
          const std::string after = cursor.empty() ? "" : std::get<std::string>(cursor[0]);
          ASSIGN_OR_RETURN(const std::vector<store::TrackRow> rows,
                           store::ListTracks(transaction, condition, after, count));
          ASSIGN_OR_RETURN(std::vector<v1::TalkTrack> tracks,
                           changes::ReadShown(transaction, rows, d_.clock.Now()));
          Entries entries;
          for (size_t i = 0; i < rows.size(); ++i)
            entries.push_back({std::move(tracks[i]), {rows[i].id.text()}});
          return entries;
        };
        ASSIGN_OR_RETURN(*response.mutable_next_page_token(),
                         page.Fill(*response.mutable_talk_tracks(), read));
        return response;
      });
}

}  // namespace finalmile::coaching::handlers
