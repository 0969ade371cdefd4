#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "libs/base/status.h"
#include "libs/outbox/mutation.h"
#include "libs/rpc/errors.h"
#include "libs/rpc/resource_name.h"
#include "libs/rpc/violations.h"
#include "services/coaching/changes/names.h"
#include "services/coaching/changes/rep_batch.h"
#include "services/coaching/handlers/practice_handlers.h"
#include "services/coaching/handlers/practice_proto.h"

namespace finalmile::coaching::handlers {
namespace {

using changes::RepBatch;
using storage::Transaction;

bool IsCoach(const rpc::CallContext& context) {
  return context.HasRole(finalmile::v1::ROLE_COACH) || context.HasRole(finalmile::v1::ROLE_ADMIN);
}

// Refuses a review that is wrong in itself; its levels are in `levels` then.
absl::Status Check(const v1::Review& review, Levels& levels) {
  Violations violations;
  for (int i = 0; i < review.levels_size(); ++i) {
    const v1::CriterionLevel& one = review.levels(i);
    if (!one.has_level()) continue;
    if (!levels.emplace(one.criterion(), one.level()).second)
      violations.Add(fmt::format("levels[{}].criterion", i), "has a level already");
  }
  violations.Count("levels", static_cast<size_t>(review.levels_size()), kMostCriteria);
  violations.Count("comments", static_cast<size_t>(review.comments_size()), kMostComments);
  for (int i = 0; i < review.comments_size(); ++i)
    violations.Length(fmt::format("comments[{}].text", i), review.comments(i).text(), 1, kLongestComment);
  return rpc::ToStatus(violations.Take(), "review");
}

// Comments stand at turns that are there.
absl::Status CheckTurns(Transaction& transaction, const PracticeId& practice, const v1::Review& review) {
  if (review.comments().empty()) return absl::OkStatus();
  ASSIGN_OR_RETURN(const std::optional<store::ContentRow> row, store::ReadContent(transaction, practice));
  v1::Practice content;
  if (!row || !content.ParseFromString(row->content))
    return absl::DataLossError("the content of a practice is damaged");
  const int turns = content.written().empty() ? content.turns_size() : 1;
  for (const v1::TurnComment& comment : review.comments()) {
    if (comment.turn() >= 0 && comment.turn() < turns) continue;
    return rpc::Error(absl::StatusCode::kNotFound, "NO_SUCH_TURN",
                      fmt::format("the practice has the turns 0 to {}, not {}", turns - 1, comment.turn()),
                      {{"turn", std::to_string(comment.turn())}});
  }
  return absl::OkStatus();
}

absl::Status ToStatus(const Refusal& refusal) {
  const bool owner = refusal.kind == Refusal::Kind::kOwner;
  return rpc::Error(owner ? absl::StatusCode::kPermissionDenied : absl::StatusCode::kFailedPrecondition,
                    refusal.reason, refusal.message);
}

// The practice that the caller may review, as nobody has locked it; NOT_FOUND for one that the caller does
// not see.
absl::StatusOr<store::PracticeRow> Visible(Transaction& transaction, const rpc::CallContext& context,
                                           const std::string& name) {
  ASSIGN_OR_RETURN(std::vector<store::PracticeRow> rows,
                   store::ReadPractices(transaction, {PracticeId(rpc::IdIn(name))}));
  if (rows.empty() || rows[0].practice.state == PracticeState::kDraft ||
      (!IsCoach(context) && rows[0].practice.rep != context.principal().name()))
    return rpc::NotFound(name, "practice");
  return std::move(rows[0]);
}

// Adds the review to the practice and its rows.
absl::StatusOr<Reviewed> Add(Transaction& transaction, Review review, const v1::Review& message,
                             const Rubric& rubric, store::PracticeRow& row) {
  ASSIGN_OR_RETURN(const int64_t reviews, store::CountReviews(transaction, row.id));
  if (reviews >= kMostReviews) {
    return rpc::Error(absl::StatusCode::kResourceExhausted, "TOO_MANY_REVIEWS",
                      fmt::format("the practice was reviewed {} times", reviews));
  }
  ASSIGN_OR_RETURN(const std::vector<store::ReviewRow> current, store::ReadReviews(transaction, {row.id}));
  for (const store::ReviewRow& one : current) {
    row.practice.reviews.push_back(one.review);
    // A clock that was set back makes no earlier review of a later one.
    if (one.review.reviewer == review.reviewer) review.time = std::max(review.time, one.review.time);
  }
  row.practice.rubric = rubric;
  const auto result = AddReview(row.practice, review);
  if (const auto* refusal = std::get_if<Refusal>(&result)) return ToStatus(*refusal);
  const Reviewed reviewed = std::get<Reviewed>(result);
  row.score = reviewed.score;
  ++row.version;
  RETURN_IF_ERROR(store::ReplaceReviews(transaction, row.id, review.reviewer));
  v1::Review comments;
  *comments.mutable_comments() = message.comments();
  const store::ReviewRow added{row.id,
                               reviews + 1,
                               false,
                               review,
                               ScoreOf(MedianOf({review.levels}), rubric).value_or(kLowestScore),
                               comments.SerializeAsString()};
  RETURN_IF_ERROR(store::kReviews.Insert(transaction, {{&added}}));
  RETURN_IF_ERROR(store::kPractices.Update(transaction, {{&row}}));
  return reviewed;
}

void FillReviewed(const store::PracticeRow& row, const Review& review, const Reviewed& reviewed,
                  v1::PracticeReviewed& event) {
  event.set_practice(changes::NameOf(row.id));
  event.set_talk_track(changes::NameOf(row.track));
  event.set_version(row.practice.track_version);
  event.set_rubric(row.practice.rubric.name);
  event.set_reviewer(review.reviewer);
  event.set_self(review.self);
  for (const auto& [criterion, level] : review.levels) {
    v1::CriterionLevel& one = *event.add_levels();
    one.set_criterion(criterion);
    one.set_level(level);
  }
  event.set_score(reviewed.score);
  event.set_score_before(reviewed.score_before);
}

}  // namespace

absl::StatusOr<v1::SubmitReviewResponse> PracticeHandlers::SubmitReview(
    rpc::CallContext& context, const v1::SubmitReviewRequest& request) {
  Review review{context.principal().name(), request.self(), absl::UnixEpoch(), {}};
  RETURN_IF_ERROR(Check(request.review(), review.levels));
  const outbox::Cause cause = outbox::CauseOf(context);
  return outbox::Mutate<v1::SubmitReviewResponse>(
      context, d_.database, request,
      [&](Transaction& transaction, absl::Time now) -> absl::StatusOr<v1::SubmitReviewResponse> {
        review.time = FromMicros(ToMicros(now));
        // A rep's practices change under the lock of the rep's row, and the practice says whose row that is:
        // this never changes. All else is read again once it is locked.
        ASSIGN_OR_RETURN(const store::PracticeRow unlocked, Visible(transaction, context, request.name()));
        const std::string rep_id = unlocked.practice.rep;
        RepBatch reps(transaction, {d_.clock, d_.rng, now, cause});
        RETURN_IF_ERROR(reps.LockReps({rep_id}));
        ASSIGN_OR_RETURN(store::PracticeRow row, Visible(transaction, context, request.name()));
        ASSIGN_OR_RETURN(const TalkTrack content,
                         changes::ReadContent(transaction, row.track, row.practice.track_version));
        RETURN_IF_ERROR(rpc::ToStatus(Validate(review.levels, content.rubric, "levels"), "review"));
        RETURN_IF_ERROR(CheckTurns(transaction, row.id, request.review()));
        ASSIGN_OR_RETURN(const Reviewed reviewed,
                         Add(transaction, review, request.review(), content.rubric, row));
        RepBatch::Entry& rep = *reps.Find(rep_id);
        reps.Take(rep, row.track, FactOf(row));
        FillReviewed(row, review, reviewed, *reps.Emit(rep).mutable_practice_reviewed());
        RETURN_IF_ERROR(reps.WriteAll());

        v1::SubmitReviewResponse response;
        *response.mutable_practice() = ToProto(row);
        response.set_score_before(reviewed.score_before);
        ASSIGN_OR_RETURN(const auto tracks, changes::PublishedTracks(transaction, {row.track}));
        const changes::PublishedTrack& track = tracks.at(row.track);
        *response.mutable_mastery() =
            ToProto(rep_id, track, rep.masteries[row.track].row.record, reps.MasteryAt(rep, track), now);
        ASSIGN_OR_RETURN(auto units, store::ReadUnits(transaction, {row.track}, now - kAgreementWindow));
        const Agreement agreement = AgreementOf(units[row.track]);
        if (agreement.alpha) response.set_agreement(*agreement.alpha);
        response.set_agreement_units(static_cast<int32_t>(agreement.units));
        return response;
      });
}

}  // namespace finalmile::coaching::handlers
