#include "services/appointments/handlers/queue_handlers.h"

#include <fmt/format.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "libs/base/status.h"
#include "libs/outbox/mutation.h"
#include "libs/rpc/errors.h"
#include "libs/rpc/filter.h"
#include "libs/rpc/paging.h"
#include "libs/rpc/resource_name.h"
#include "services/appointments/handlers/request_proto.h"

namespace finalmile::appointments::handlers {
namespace {

using storage::Transaction;

constexpr int kMaxBatch = 1000;
constexpr int kPiece = 64;
constexpr int kMostCounted = 1000;

const rpc::FilterSchema& Schema() {
  using rpc::FilterType;
  static const auto& schema = *new rpc::FilterSchema{{
      {"state", FilterType::kEnum, "state",
       rpc::EnumWords(*v1::MeetingRequest::State_descriptor(), rpc::StoredAs::kNumber)},
      {"lane", FilterType::kText, "lane"},
      {"hand_raise", FilterType::kBool, "hand_raise"},
      {"grade", FilterType::kText, "grade"},
      {"setter", FilterType::kText, "setter"},
      {"owner", FilterType::kText, "owner"},
      {"level", FilterType::kInt, "level"},
      {"lead", FilterType::kText, "lead"},
      {"situation", FilterType::kText, "situation"},
      {"deadline", FilterType::kTimestamp, "deadline"},
      {"create_time", FilterType::kTimestamp, "create_time"},
      {"active", FilterType::kBool, "active"},
      {"window_attempts", FilterType::kInt, "window_attempts"},
  }};
  return schema;
}

absl::StatusOr<v1::MeetingRequest> ReadOne(Transaction& transaction, const domain::RequestId& id,
                                           std::string_view name) {
  ASSIGN_OR_RETURN(const std::vector<store::RequestRow> rows, store::ReadRequests(transaction, {id}));
  if (rows.empty()) return rpc::NotFound(name, "meeting_request");
  ASSIGN_OR_RETURN(std::vector<v1::MeetingRequest> requests, ToProtos(transaction, rows));
  return std::move(requests.front());
}

absl::StatusOr<std::vector<v1::MeetingRequest>> ReadInOrder(Transaction& transaction,
                                                            const std::vector<domain::RequestId>& ids) {
  ASSIGN_OR_RETURN(std::vector<store::RequestRow> found, store::ReadRequests(transaction, ids));
  std::map<domain::RequestId, store::RequestRow> by_id;
  for (store::RequestRow& row : found) {
    domain::RequestId id = row.id;
    by_id.emplace(std::move(id), std::move(row));
  }
  std::vector<store::RequestRow> rows;
  for (const domain::RequestId& id : ids) {
    const auto row = by_id.find(id);
    if (row == by_id.end()) return rpc::NotFound(domain::NameOf(id), "meeting_request");
    rows.push_back(std::move(row->second));
  }
  return ToProtos(transaction, rows);
}

}  // namespace

absl::StatusOr<v1::ListMeetingRequestsResponse> QueueHandlers::ListMeetingRequests(
    rpc::CallContext& context, const v1::ListMeetingRequestsRequest& request) {
  using Entries = std::vector<rpc::PageEntry<v1::MeetingRequest>>;
  // The moment that all pages hold for, and the place of the last request.
  ASSIGN_OR_RETURN(
      const rpc::Page page,
      rpc::Page::Of(context.answers(), request, {int64_t{}, int64_t{}, double{}, int64_t{}, std::string()}));
  store::QueueQuery query;
  query.own = request.filter().empty();
  query.caller = context.principal().name();
  ASSIGN_OR_RETURN(query.condition, rpc::CompileFilter(request.filter(), Schema(), store::kFirstParameter));
  query.now =
      page.first() ? FromMicros(ToMicros(d_.clock.Now())) : FromMicros(std::get<int64_t>(page.cursor()[0]));
  return outbox::Read<v1::ListMeetingRequestsResponse>(
      context, d_.database, [&](Transaction& transaction) -> absl::StatusOr<v1::ListMeetingRequestsResponse> {
        v1::ListMeetingRequestsResponse response;
        ASSIGN_OR_RETURN(const store::QueueSize size, store::CountQueue(transaction, query, kMostCounted));
        response.set_total(size.total);
        response.set_overdue(size.overdue);
        ASSIGN_OR_RETURN(
            *response.mutable_next_page_token(),
            page.Fill(
                *response.mutable_meeting_requests(),
                [&](const rpc::Page::Cursor& cursor, int count) -> absl::StatusOr<Entries> {
                  std::optional<domain::Place> after;
                  if (!cursor.empty()) {
                    after = {static_cast<domain::QueueGroup>(std::get<int64_t>(cursor[1])),
                             std::get<double>(cursor[2]), FromMicros(std::get<int64_t>(cursor[3])),
                             domain::RequestId(std::get<std::string>(cursor[4]))};
                  }
                  ASSIGN_OR_RETURN(std::vector<store::PlacedRequest> placed,
                                   store::ReadQueue(transaction, query, after ? &*after : nullptr, count));
                  std::vector<store::RequestRow> rows;
                  for (store::PlacedRequest& one : placed) rows.push_back(std::move(one.row));
                  ASSIGN_OR_RETURN(std::vector<v1::MeetingRequest> requests, ToProtos(transaction, rows));
                  Entries entries;
                  for (size_t i = 0; i < placed.size(); ++i) {
                    const domain::Place& place = placed[i].place;
                    entries.push_back({std::move(requests[i]),
                                       {ToMicros(query.now), static_cast<int64_t>(place.group), place.rank,
                                        ToMicros(place.deadline), place.id.text()}});
                  }
                  return entries;
                }));
        return response;
      });
}

absl::StatusOr<v1::MeetingRequest> QueueHandlers::GetMeetingRequest(
    rpc::CallContext& context, const v1::GetMeetingRequestRequest& request) {
  const bool some = request.name() == "meetingRequests/-";
  const domain::LeadName lead(request.lead());
  return outbox::Read<v1::MeetingRequest>(
      context, d_.database, [&](Transaction& transaction) -> absl::StatusOr<v1::MeetingRequest> {
        domain::RequestId found(rpc::IdIn(request.name()));
        if (some && lead.empty()) {
          ASSIGN_OR_RETURN(found, store::CurrentRequestOf(transaction, context.principal().name()));
          if (found.empty()) {
            return rpc::Error(absl::StatusCode::kNotFound, "NO_CURRENT_REQUEST",
                              "the caller works on no request: claim one first");
          }
        } else if (some) {
          ASSIGN_OR_RETURN(const std::vector<domain::RequestId> active,
                           store::ActiveRequestsOf(transaction, {lead}));
          ASSIGN_OR_RETURN(const std::vector<domain::RequestId> all, store::RequestsOf(transaction, {lead}));
          if (all.empty()) return rpc::NotFound(request.lead(), "meeting_request");
          found = active.empty() ? all.front() : active.front();
        }
        return ReadOne(transaction, found, request.name());
      });
}

absl::StatusOr<v1::BatchGetMeetingRequestsResponse> QueueHandlers::BatchGetMeetingRequests(
    rpc::CallContext& context, const v1::BatchGetMeetingRequestsRequest& request) {
  if (request.names_size() > kMaxBatch) {
    return rpc::InvalidField(
        "names", fmt::format("has {} entries; at most {} are read at once", request.names_size(), kMaxBatch));
  }
  std::vector<domain::RequestId> ids;
  for (const std::string& name : request.names()) ids.emplace_back(rpc::IdIn(name));
  rpc::Fold(ids);
  return outbox::Read<v1::BatchGetMeetingRequestsResponse>(
      context, d_.database,
      [&](Transaction& transaction) -> absl::StatusOr<v1::BatchGetMeetingRequestsResponse> {
        v1::BatchGetMeetingRequestsResponse response;
        RETURN_IF_ERROR((rpc::FillBatch<domain::RequestId, v1::MeetingRequest>(
            ids, kPiece, context.answers().most,
            [&](const std::vector<domain::RequestId>& some) { return ReadInOrder(transaction, some); },
            *response.mutable_meeting_requests())));
        return response;
      });
}

absl::StatusOr<v1::ListAttemptsResponse> QueueHandlers::ListAttempts(rpc::CallContext& context,
                                                                     const v1::ListAttemptsRequest& request) {
  using Entries = std::vector<rpc::PageEntry<v1::Attempt>>;
  ASSIGN_OR_RETURN(const rpc::Page page, rpc::Page::Of(context.answers(), request, {int64_t{}}));
  const domain::RequestId id(rpc::IdIn(request.parent()));
  return outbox::Read<v1::ListAttemptsResponse>(
      context, d_.database, [&](Transaction& transaction) -> absl::StatusOr<v1::ListAttemptsResponse> {
        ASSIGN_OR_RETURN(const std::vector<store::RequestRow> rows, store::ReadRequests(transaction, {id}));
        if (rows.empty()) return rpc::NotFound(request.parent(), "meeting_request");
        v1::ListAttemptsResponse response;
        ASSIGN_OR_RETURN(
            *response.mutable_next_page_token(),
            page.Fill(*response.mutable_attempts(),
                      [&](const rpc::Page::Cursor& cursor, int count) -> absl::StatusOr<Entries> {
                        const int64_t after = cursor.empty() ? 0 : std::get<int64_t>(cursor[0]);
                        ASSIGN_OR_RETURN(const std::vector<store::AttemptRow> attempts,
                                         store::ListAttempts(transaction, id, after, count));
                        Entries entries;
                        for (const store::AttemptRow& attempt : attempts)
                          entries.push_back({ToProto(attempt), {attempt.number}});
                        return entries;
                      }));
        return response;
      });
}

}  // namespace finalmile::appointments::handlers
