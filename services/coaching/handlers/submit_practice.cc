#include <fmt/format.h>

#include <utility>

#include "libs/base/status.h"
#include "libs/outbox/mutation.h"
#include "libs/rpc/errors.h"
#include "libs/rpc/etag.h"
#include "libs/rpc/resource_name.h"
#include "libs/rpc/timestamps.h"
#include "libs/rpc/violations.h"
#include "services/coaching/changes/analysis_proto.h"
#include "services/coaching/changes/rep_batch.h"
#include "services/coaching/handlers/practice_handlers.h"
#include "services/coaching/handlers/practice_proto.h"

namespace finalmile::coaching::handlers {
namespace {

using changes::PublishedTrack;
using changes::RepBatch;
using storage::Transaction;

// Keeps of a request what was said: turns, or a written message.
v1::Practice ContentOf(const v1::Practice& practice) {
  v1::Practice content;
  *content.mutable_turns() = practice.turns();
  content.set_written(practice.written());
  return content;
}

absl::Status Check(const v1::Practice& practice, absl::Time time, absl::Time now) {
  std::vector<Violation> violations = CheckPracticeTime(time, now);
  if (practice.talk_track().empty()) violations.push_back({"talk_track", "is required"});
  if (practice.turns().empty() == practice.written().empty()) {
    violations.push_back({"turns", "must say what was said, unless `written` does: one of the two"});
  } else {
    const std::vector<Violation> wrong = practice.written().empty()
                                             ? Validate(changes::FromProto(practice.turns()))
                                             : ValidateWritten(practice.written());
    violations.insert(violations.end(), wrong.begin(), wrong.end());
  }
  return rpc::ToStatus(violations, "practice");
}

// The words of the transcript stay where the transcript is: a saved reply must not hold them.
void StripWords(v1::Analysis& analysis) {
  const auto strip = [](auto& findings) {
    for (auto& finding : findings) finding.clear_words();
  };
  for (v1::MessageFinding& message : *analysis.mutable_messages()) {
    strip(*message.mutable_mentions());
    if (message.has_nearest()) message.mutable_nearest()->clear_words();
  }
  strip(*analysis.mutable_avoided());
  strip(*analysis.mutable_negated_avoided());
  strip(*analysis.mutable_questions());
}

absl::Status TooMany(std::string_view reason, std::string message) {
  return rpc::Error(absl::StatusCode::kResourceExhausted, reason, message);
}

// The row of a new practice, or the caller's draft that the request takes the place of, locked.
absl::StatusOr<store::PracticeRow> RowOf(Transaction& transaction, const v1::Practice& practice,
                                         const std::string& rep) {
  if (practice.name().empty()) return store::PracticeRow{};
  ASSIGN_OR_RETURN(
      const storage::Deferred locked,
      store::kPractices.DeferLock(transaction, std::vector{PracticeId(rpc::IdIn(practice.name()))}));
  RETURN_IF_ERROR(transaction.Settle());
  ASSIGN_OR_RETURN(std::vector<store::PracticeRow> rows, store::kPractices.Records(*locked));
  if (rows.empty() || rows[0].practice.rep != rep) return rpc::NotFound(practice.name(), "practice");
  if (rows[0].practice.state != PracticeState::kDraft) {
    return rpc::Error(absl::StatusCode::kFailedPrecondition, "WRONG_STATE",
                      "the practice is submitted already: submit another one");
  }
  RETURN_IF_ERROR(rpc::CheckEtag(practice.etag(), rows[0].version, practice.name()));
  ++rows[0].version;
  return std::move(rows[0]);
}

// A draft is not there for reps.
absl::StatusOr<PublishedTrack> TrackOf(Transaction& transaction, const std::string& name) {
  const TalkTrackId id(rpc::IdIn(name));
  ASSIGN_OR_RETURN(const auto tracks, changes::PublishedTracks(transaction, {id}));
  const auto track = tracks.find(id);
  if (track == tracks.end()) return rpc::NotFound(name, "talk_track");
  return track->second;
}

// Pins the track's version, compares, and tells.
absl::StatusOr<v1::Analysis> Submit(Transaction& transaction, RepBatch& reps, RepBatch::Entry& rep,
                                    const PublishedTrack& track, const v1::Practice& request,
                                    absl::TimeZone zone, store::PracticeRow& row) {
  ASSIGN_OR_RETURN(const TalkTrack content, changes::ReadContent(transaction, track.id, track.version));
  absl::StatusOr<Analysis> analysis = request.written().empty()
                                          ? Analyze(content.spoken, changes::FromProto(request.turns()))
                                          : AnalyzeWritten(content.spoken, request.written());
  if (!analysis.ok()) return analysis.status();
  row.practice.track_version = track.version;
  // A published track has messages, and so a score.
  row.practice.analysis_score = analysis->score.value_or(kLowestScore);
  row.coverage = analysis->coverage.value_or(0);
  coaching::Submit(row.practice, zone);
  row.score = ScoreOf(row.practice);
  row.submit_time = reps.now();
  reps.Take(rep, track.id, FactOf(row));
  reps.Complete(rep, track.id, row);
  v1::PracticeSubmitted& event = *reps.Emit(rep).mutable_practice_submitted();
  event.set_practice(changes::NameOf(row.id));
  event.set_talk_track(request.talk_track());
  event.set_version(track.version);
  *event.mutable_practice_time() = rpc::ToTimestamp(row.practice.time);
  event.set_score(row.score);
  event.set_coverage(row.coverage);
  return changes::ToProto(*analysis);
}

}  // namespace

absl::StatusOr<v1::SubmitPracticeResponse> PracticeHandlers::SubmitPractice(
    rpc::CallContext& context, const v1::SubmitPracticeRequest& request) {
  const v1::Practice& practice = request.practice();
  const std::string caller = context.principal().name();
  const outbox::Cause cause = outbox::CauseOf(context);
  return outbox::Mutate<v1::SubmitPracticeResponse>(
      context, d_.database, request,
      [&](Transaction& transaction, absl::Time now) -> absl::StatusOr<v1::SubmitPracticeResponse> {
        const absl::Time time =
            practice.has_practice_time() ? rpc::FromTimestamp(practice.practice_time()) : now;
        RETURN_IF_ERROR(Check(practice, time, now));
        RepBatch reps(transaction, {d_.clock, d_.rng, now, cause});
        RETURN_IF_ERROR(reps.LockReps({caller}));
        RepBatch::Entry& rep = *reps.Find(caller);
        ASSIGN_OR_RETURN(const PublishedTrack track, TrackOf(transaction, practice.talk_track()));
        ASSIGN_OR_RETURN(store::PracticeRow row, RowOf(transaction, practice, caller));
        if (row.id.empty()) row.id = PracticeId(NewUuid(d_.clock, d_.rng));
        row.track = track.id;
        row.practice.rep = caller;
        row.practice.time = FromMicros(ToMicros(time));
        store::ContentRow content{row.id, ContentOf(practice).SerializeAsString(), ""};
        v1::SubmitPracticeResponse response;
        if (request.draft()) {
          ASSIGN_OR_RETURN(const int64_t drafts, store::CountDrafts(transaction, caller));
          if (practice.name().empty() && drafts >= kMostDrafts)
            return TooMany("TOO_MANY_DRAFTS", fmt::format("you have {} drafts: submit one", drafts));
        } else {
          ASSIGN_OR_RETURN(const int64_t submitted, store::CountSubmitted(transaction, caller, track.id));
          if (submitted >= kMostPractices)
            return TooMany("TOO_MANY_PRACTICES", fmt::format("there are {} of the track", submitted));
          ASSIGN_OR_RETURN(v1::Analysis analysis,
                           Submit(transaction, reps, rep, track, practice, zone_, row));
          content.analysis = analysis.SerializeAsString();
          StripWords(analysis);
          *response.mutable_practice()->mutable_analysis() = std::move(analysis);
        }
        RETURN_IF_ERROR(store::kPractices.InsertOrUpdate(transaction, {{&row}}));
        RETURN_IF_ERROR(store::kContents.InsertOrUpdate(transaction, {{&content}}));
        RETURN_IF_ERROR(reps.WriteAll());
        response.mutable_practice()->MergeFrom(ToProto(row));
        *response.mutable_mastery() =
            ToProto(caller, track, rep.masteries[track.id].row.record, reps.MasteryAt(rep, track), now);
        return response;
      });
}

}  // namespace finalmile::coaching::handlers
