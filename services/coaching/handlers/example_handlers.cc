#include "services/coaching/handlers/example_handlers.h"

#include <fmt/format.h>

#include <string>
#include <vector>

#include "libs/base/status.h"
#include "libs/outbox/mutation.h"
#include "libs/rpc/errors.h"
#include "libs/rpc/paging.h"
#include "libs/rpc/resource_name.h"
#include "libs/rpc/timestamps.h"
#include "libs/rpc/violations.h"
#include "services/coaching/changes/analysis_proto.h"
#include "services/coaching/changes/track_proto.h"
#include "services/coaching/handlers/reader.h"
#include "services/coaching/store/example_store.h"

namespace finalmile::coaching::handlers {
namespace {

using storage::Transaction;

constexpr int kMostListed = static_cast<int>(kMaxExamples);

Example FromProto(const v1::Example& example) {
  Example content{
      example.title(),        static_cast<Provenance>(example.provenance()), example.consent_reference(),
      absl::InfiniteFuture(), changes::FromProto(example.turns()),           example.audio_uri()};
  if (example.has_expire_time()) content.expire_time = rpc::StoredTime(example.expire_time());
  Normalise(content);
  return content;
}

store::ExampleRow RowOf(Example content, const TalkTrackId& track, absl::Time now) {
  store::ExampleRow row;
  row.talk_track = track;
  v1::Example turns;
  for (const Turn& turn : content.turns) *turns.add_turns() = changes::ToProto(turn);
  row.turns = turns.SerializeAsString();
  row.turn_count = turns.turns_size();
  content.turns.clear();
  row.head = std::move(content);
  row.create_time = now;
  return row;
}

// NOT_FOUND unless the caller sees the track.
absl::Status CheckTrack(const std::vector<store::TrackRow>& rows, const std::string& name,
                        changes::Reader reader) {
  const bool seen =
      !rows.empty() && (reader == changes::Reader::kAuthor || rows[0].life.published_version != 0);
  return seen ? absl::OkStatus() : rpc::NotFound(name, "talk_track");
}

}  // namespace

absl::StatusOr<v1::Example> ExampleHandlers::AddExample(rpc::CallContext& context,
                                                        const v1::AddExampleRequest& request) {
  const TalkTrackId track(rpc::IdIn(request.parent()));
  const Example content = FromProto(request.example());
  return outbox::Mutate<v1::Example>(
      context, d_.database, request,
      [&](Transaction& transaction, absl::Time now) -> absl::StatusOr<v1::Example> {
        RETURN_IF_ERROR(rpc::ToStatus(Validate(content, now), "example"));
        // The lock keeps the count.
        ASSIGN_OR_RETURN(const storage::Deferred locked,
                         store::kTracks.DeferLock(transaction, std::vector{track}));
        RETURN_IF_ERROR(transaction.Settle());
        ASSIGN_OR_RETURN(const std::vector<store::TrackRow> tracks, store::kTracks.Records(*locked));
        RETURN_IF_ERROR(CheckTrack(tracks, request.parent(), changes::Reader::kAuthor));
        ASSIGN_OR_RETURN(auto counts, store::CountExamples(transaction, {track}, now));
        if (counts[track] >= static_cast<int64_t>(kMaxExamples)) {
          return rpc::Error(absl::StatusCode::kResourceExhausted, "TOO_MANY_EXAMPLES",
                            fmt::format("{} has {} examples; delete one", request.parent(), kMaxExamples));
        }
        store::ExampleRow row = RowOf(content, track, now);
        row.id = NewUuid(d_.clock, d_.rng);
        RETURN_IF_ERROR(store::kExamples.Insert(transaction, {{&row}}));
        return changes::HeadOf(row);
      });
}

absl::StatusOr<v1::ListExamplesResponse> ExampleHandlers::ListExamples(
    rpc::CallContext& context, const v1::ListExamplesRequest& request) {
  using Entries = std::vector<rpc::PageEntry<v1::Example>>;
  const TalkTrackId track(rpc::IdIn(request.parent()));
  ASSIGN_OR_RETURN(const rpc::Page page,
                   rpc::Page::Of(context.answers(), request, {int64_t{}, std::string()},
                                 {.standard = kMostListed, .most = kMostListed, .piece = 1}));
  return outbox::Read<v1::ListExamplesResponse>(
      context, d_.database, [&](Transaction& transaction) -> absl::StatusOr<v1::ListExamplesResponse> {
        ASSIGN_OR_RETURN(const std::vector<store::TrackRow> tracks, store::ReadTracks(transaction, {track}));
        RETURN_IF_ERROR(CheckTrack(tracks, request.parent(), ReaderOf(context)));
        v1::ListExamplesResponse response;
        const auto read = [&](const rpc::Page::Cursor& cursor, int count) -> absl::StatusOr<Entries> {
          const absl::Time time =
              cursor.empty() ? absl::UnixEpoch() : FromMicros(std::get<int64_t>(cursor[0]));
          const std::string id = cursor.empty() ? "" : std::get<std::string>(cursor[1]);
          ASSIGN_OR_RETURN(const std::vector<store::ExampleRow> rows,
                           store::ListExamples(transaction, track, d_.clock.Now(), time, id, count));
          Entries entries;
          for (const store::ExampleRow& row : rows) {
            ASSIGN_OR_RETURN(v1::Example example, changes::ToProto(row));
            entries.push_back({std::move(example), {ToMicros(row.create_time), row.id}});
          }
          return entries;
        };
        ASSIGN_OR_RETURN(*response.mutable_next_page_token(), page.Fill(*response.mutable_examples(), read));
        return response;
      });
}

absl::StatusOr<google::protobuf::Empty> ExampleHandlers::DeleteExample(
    rpc::CallContext& context, const v1::DeleteExampleRequest& request) {
  return outbox::Mutate<google::protobuf::Empty>(
      context, d_.database, request,
      [&](Transaction& transaction, absl::Time now) -> absl::StatusOr<google::protobuf::Empty> {
        ASSIGN_OR_RETURN(const bool deleted,
                         store::DeleteExample(transaction, rpc::IdIn(request.name()), now));
        if (!deleted) return rpc::NotFound(request.name(), "example");
        return google::protobuf::Empty();
      });
}

}  // namespace finalmile::coaching::handlers
