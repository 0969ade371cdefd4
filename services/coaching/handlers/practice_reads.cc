#include <fmt/format.h>

#include <string>
#include <vector>

#include "libs/base/status.h"
#include "libs/outbox/mutation.h"
#include "libs/rpc/errors.h"
#include "libs/rpc/filter.h"
#include "libs/rpc/paging.h"
#include "libs/rpc/resource_name.h"
#include "libs/rpc/timestamps.h"
#include "services/coaching/changes/names.h"
#include "services/coaching/handlers/caller.h"
#include "services/coaching/handlers/practice_handlers.h"
#include "services/coaching/handlers/practice_proto.h"

namespace finalmile::coaching::handlers {
namespace {

using storage::Transaction;

// In SQL: the name whose last part is in `column`.
std::string NameIn(std::string_view column, std::string_view collection) {
  return fmt::format("('{}' || {})", collection, column);
}

const rpc::FilterSchema& Schema() {
  using rpc::FilterType;
  static const auto& schema = *new rpc::FilterSchema{{
      {"rep", FilterType::kText, NameIn("rep", changes::RepCollection())},
      {"talk_track", FilterType::kText, NameIn("track", changes::TrackCollection())},
      {"state", FilterType::kEnum, "state",
       rpc::EnumWords(*v1::Practice::State_descriptor(), rpc::StoredAs::kNumber)},
      {"practice_time", FilterType::kTimestamp, "practice_time"},
      {"submit_time", FilterType::kTimestamp, "submit_time"},
  }};
  return schema;
}

// Puts what was said, the analysis and the reviews with their comments into `practice`.
absl::Status AddContent(Transaction& transaction, const PracticeId& id, v1::Practice& practice) {
  ASSIGN_OR_RETURN(const std::optional<store::ContentRow> row, store::ReadContent(transaction, id));
  v1::Practice content;
  if (!row || !content.ParseFromString(row->content) ||
      (!row->analysis.empty() && !practice.mutable_analysis()->ParseFromString(row->analysis)))
    return absl::DataLossError("the content of a practice is damaged");
  practice.mutable_turns()->Swap(content.mutable_turns());
  practice.set_written(content.written());
  ASSIGN_OR_RETURN(const std::vector<store::ReviewRow> reviews, store::ReadReviews(transaction, {id}));
  for (const store::ReviewRow& one : reviews) {
    v1::Review& review = *practice.add_reviews();
    // Its comments, and nothing else.
    if (!review.ParseFromString(one.comments)) return absl::DataLossError("stored comments are damaged");
    review.MergeFrom(ToProto(one));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<v1::Practice> PracticeHandlers::GetPractice(rpc::CallContext& context,
                                                           const v1::GetPracticeRequest& request) {
  const PracticeId id(rpc::IdIn(request.name()));
  return outbox::Read<v1::Practice>(
      context, d_.database, [&](Transaction& transaction) -> absl::StatusOr<v1::Practice> {
        ASSIGN_OR_RETURN(const std::vector<store::PracticeRow> rows, store::ReadPractices(transaction, {id}));
        const bool visible =
            !rows.empty() && (rows[0].practice.rep == context.principal().name() ||
                              (SeesOthers(context) && rows[0].practice.state != PracticeState::kDraft));
        if (!visible) return rpc::NotFound(request.name(), "practice");
        v1::Practice practice = ToProto(rows[0]);
        RETURN_IF_ERROR(AddContent(transaction, id, practice));
        return practice;
      });
}

absl::StatusOr<v1::ListPracticesResponse> PracticeHandlers::ListPractices(
    rpc::CallContext& context, const v1::ListPracticesRequest& request) {
  using Entries = std::vector<rpc::PageEntry<v1::Practice>>;
  ASSIGN_OR_RETURN(const rpc::Page page,
                   rpc::Page::Of(context.answers(), request, {int64_t{}, std::string()}));
  store::ListQuery query{context.principal().name(), SeesOthers(context), {}};
  ASSIGN_OR_RETURN(query.condition,
                   rpc::CompileFilter(request.filter(), Schema(), store::kFirstListParameter));
  return outbox::Read<v1::ListPracticesResponse>(
      context, d_.database, [&](Transaction& transaction) -> absl::StatusOr<v1::ListPracticesResponse> {
        v1::ListPracticesResponse response;
        ASSIGN_OR_RETURN(
            *response.mutable_next_page_token(),
            page.Fill(*response.mutable_practices(),
                      [&](const rpc::Page::Cursor& cursor, int count) -> absl::StatusOr<Entries> {
                        const bool first = cursor.empty();
                        ASSIGN_OR_RETURN(
                            const std::vector<store::PracticeRow> rows,
                            store::ListPractices(
                                transaction, query,
                                first ? absl::InfiniteFuture() : FromMicros(std::get<int64_t>(cursor[0])),
                                first ? "" : std::get<std::string>(cursor[1]), count));
                        Entries entries;
                        for (const store::PracticeRow& row : rows)
                          entries.push_back({ToProto(row), {ToMicros(row.practice.time), row.id.text()}});
                        return entries;
                      }));
        return response;
      });
}

absl::StatusOr<v1::ListReviewQueueResponse> PracticeHandlers::ListReviewQueue(
    rpc::CallContext& context, const v1::ListReviewQueueRequest& request) {
  using Entries = std::vector<rpc::PageEntry<v1::QueuedPractice>>;
  // The moment that all pages hold for, and the place of the last practice; the time of a meeting that is not
  // planned is the largest number.
  constexpr int64_t kNever = INT64_MAX;
  ASSIGN_OR_RETURN(const rpc::Page page, rpc::Page::Of(context.answers(), request,
                                                       {int64_t{}, int64_t{}, int64_t{}, std::string()}));
  const int64_t now = page.first() ? ToMicros(d_.clock.Now()) : std::get<int64_t>(page.cursor()[0]);
  return outbox::Read<v1::ListReviewQueueResponse>(
      context, d_.database, [&](Transaction& transaction) -> absl::StatusOr<v1::ListReviewQueueResponse> {
        v1::ListReviewQueueResponse response;
        ASSIGN_OR_RETURN(
            *response.mutable_next_page_token(),
            page.Fill(*response.mutable_practices(),
                      [&](const rpc::Page::Cursor& cursor, int count) -> absl::StatusOr<Entries> {
                        WaitingPractice after;
                        if (!cursor.empty()) {
                          const int64_t next = std::get<int64_t>(cursor[1]);
                          after = {PracticeId(std::get<std::string>(cursor[3])),
                                   next == kNever ? absl::InfiniteFuture() : FromMicros(next),
                                   FromMicros(std::get<int64_t>(cursor[2]))};
                        }
                        ASSIGN_OR_RETURN(const std::vector<store::QueuedPractice> queue,
                                         store::ReadReviewQueue(transaction, FromMicros(now),
                                                                cursor.empty() ? nullptr : &after, count));
                        Entries entries;
                        for (const store::QueuedPractice& one : queue) {
                          v1::QueuedPractice queued;
                          *queued.mutable_practice() = ToProto(one.row);
                          const absl::Time next = one.waiting.next_meeting;
                          const bool meets = next != absl::InfiniteFuture();
                          if (meets) *queued.mutable_next_meeting_time() = rpc::ToTimestamp(next);
                          entries.push_back({std::move(queued),
                                             {now, meets ? ToMicros(next) : kNever,
                                              ToMicros(one.waiting.submit_time), one.waiting.id.text()}});
                        }
                        return entries;
                      }));
        return response;
      });
}

}  // namespace finalmile::coaching::handlers
