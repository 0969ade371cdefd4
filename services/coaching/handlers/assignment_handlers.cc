#include "services/coaching/handlers/assignment_handlers.h"

#include <fmt/format.h>

#include <map>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "libs/base/status.h"
#include "libs/outbox/mutation.h"
#include "libs/rpc/errors.h"
#include "libs/rpc/paging.h"
#include "libs/rpc/resource_name.h"
#include "libs/rpc/timestamps.h"
#include "services/coaching/changes/due_practice.h"
#include "services/coaching/changes/names.h"
#include "services/coaching/changes/rep_batch.h"
#include "services/coaching/handlers/caller.h"
#include "services/coaching/handlers/practice_proto.h"
#include "services/coaching/store/track_store.h"

namespace finalmile::coaching::handlers {
namespace {

using changes::DuePractice;
using changes::RepBatch;
using storage::Transaction;

// Stands for no date, so that it comes last.
constexpr int64_t kNever = INT64_MAX;

absl::StatusOr<std::vector<std::string>> RepsIn(const v1::AssignPracticeRequest& request) {
  rpc::FieldViolations violations;
  std::vector<std::string> reps;
  std::set<std::string> seen;
  if (request.talk_track().empty()) violations.Add("talk_track", "is required");
  if (request.reps().empty() || request.reps_size() > kMostAssigned)
    violations.Add("reps", fmt::format("must name 1 to {} reps", kMostAssigned));
  for (int i = 0; i < request.reps_size(); ++i) {
    reps.push_back(rpc::IdIn(request.reps(i)));
    if (!seen.insert(reps.back()).second) violations.Add(fmt::format("reps[{}]", i), "is there twice");
  }
  RETURN_IF_ERROR(violations.ToStatus());
  return reps;
}

absl::Status CheckPublished(Transaction& transaction, const std::string& name) {
  const TalkTrackId id(rpc::IdIn(name));
  ASSIGN_OR_RETURN(const std::vector<store::TrackRow> rows, store::ReadTracks(transaction, {id}));
  if (rows.empty()) return rpc::NotFound(name, "talk_track");
  if (rows[0].life.published_version != 0) return absl::OkStatus();
  return rpc::Error(absl::StatusCode::kFailedPrecondition, "NOT_PUBLISHED",
                    "the track is a draft: publish it first");
}

v1::DuePractice MessageOf(const DuePractice& due) {
  v1::DuePractice message;
  message.set_talk_track(changes::NameOf(due.track));
  message.set_reason(static_cast<v1::DuePractice::Reason>(due.reason));
  if (due.assignment) *message.mutable_assignment() = ToProto(*due.assignment);
  if (due.due_time != absl::InfiniteFuture()) *message.mutable_due_time() = rpc::ToTimestamp(due.due_time);
  message.set_criterion(due.criterion);
  return message;
}

// The list is ordered by these.
using Place = std::tuple<int64_t, std::string, int64_t, std::string>;

Place PlaceOf(const DuePractice& due) {
  return {due.due_time == absl::InfiniteFuture() ? kNever : ToMicros(due.due_time), due.track.text(),
          static_cast<int64_t>(due.reason), due.assignment ? due.assignment->id : due.criterion};
}

Place PlaceIn(const rpc::Page::Cursor& cursor) {
  return {std::get<int64_t>(cursor[0]), std::get<std::string>(cursor[1]), std::get<int64_t>(cursor[2]),
          std::get<std::string>(cursor[3])};
}

}  // namespace

absl::StatusOr<v1::AssignPracticeResponse> AssignmentHandlers::AssignPractice(
    rpc::CallContext& context, const v1::AssignPracticeRequest& request) {
  ASSIGN_OR_RETURN(const std::vector<std::string> ids, RepsIn(request));
  const outbox::Cause cause = outbox::CauseOf(context);
  return outbox::Mutate<v1::AssignPracticeResponse>(
      context, d_.database, request,
      [&](Transaction& transaction, absl::Time now) -> absl::StatusOr<v1::AssignPracticeResponse> {
        store::AssignmentRow draft;
        draft.track = TalkTrackId(rpc::IdIn(request.talk_track()));
        draft.assignment.kind = AssignmentKind::kAssigned;
        draft.by = context.principal().name();
        if (request.has_due_time()) {
          draft.assignment.due_time = rpc::StoredTime(request.due_time());
          if (draft.assignment.due_time <= now) return rpc::InvalidField("due_time", "must lie ahead");
        }
        RETURN_IF_ERROR(CheckPublished(transaction, request.talk_track()));
        RepBatch reps(transaction, {d_.clock, d_.rng, now, cause});
        RETURN_IF_ERROR(reps.LockReps(ids));
        v1::AssignPracticeResponse response;
        for (const std::string& id : ids) {
          RepBatch::Entry& rep = *reps.Find(id);
          const store::AssignmentRow* row = reps.Listed(rep, draft.track, AssignmentKind::kAssigned);
          if (row == nullptr && reps.ListedCount(rep) >= changes::kMostListed) {
            return rpc::Error(absl::StatusCode::kResourceExhausted, "TOO_MANY_ASSIGNMENTS",
                              fmt::format("the rep has {} to practise", changes::kMostListed), {{"rep", id}});
          }
          *response.add_assignments() = ToProto(row == nullptr ? reps.Assign(rep, draft) : *row);
        }
        RETURN_IF_ERROR(reps.WriteAll());
        return response;
      });
}

absl::StatusOr<v1::ListDuePracticeResponse> AssignmentHandlers::ListDuePractice(
    rpc::CallContext& context, const v1::ListDuePracticeRequest& request) {
  using Entries = std::vector<rpc::PageEntry<v1::DuePractice>>;
  ASSIGN_OR_RETURN(const std::string rep, RepAskedFor(context, request.rep()));
  ASSIGN_OR_RETURN(const rpc::Page page, rpc::Page::Of(context.answers(), request,
                                                       {int64_t{}, std::string(), int64_t{}, std::string()}));
  return outbox::Read<v1::ListDuePracticeResponse>(
      context, d_.database, [&](Transaction& transaction) -> absl::StatusOr<v1::ListDuePracticeResponse> {
        ASSIGN_OR_RETURN(const std::vector<DuePractice> list,
                         changes::DuePracticeOf(transaction, rep, d_.clock.Now()));
        std::map<Place, const DuePractice*> placed;
        for (const DuePractice& due : list) placed.emplace(PlaceOf(due), &due);
        v1::ListDuePracticeResponse response;
        ASSIGN_OR_RETURN(
            *response.mutable_next_page_token(),
            page.Fill(*response.mutable_due(),
                      [&](const rpc::Page::Cursor& cursor, int count) -> absl::StatusOr<Entries> {
                        Entries entries;
                        auto next = cursor.empty() ? placed.begin() : placed.upper_bound(PlaceIn(cursor));
                        for (; next != placed.end() && std::ssize(entries) < count; ++next) {
                          const auto& [due, track, reason, id] = next->first;
                          entries.push_back({MessageOf(*next->second), {due, track, reason, id}});
                        }
                        return entries;
                      }));
        return response;
      });
}

}  // namespace finalmile::coaching::handlers
