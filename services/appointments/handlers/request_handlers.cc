#include "services/appointments/handlers/request_handlers.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

#include "libs/base/status.h"
#include "libs/base/text.h"
#include "libs/outbox/mutation.h"
#include "libs/rpc/credentials.h"
#include "libs/rpc/errors.h"
#include "libs/rpc/etag.h"
#include "libs/rpc/resource_name.h"
#include "libs/rpc/timestamps.h"
#include "services/appointments/handlers/actor.h"
#include "services/appointments/handlers/request_proto.h"

namespace finalmile::appointments::handlers {
namespace {

using changes::RequestBatch;
using storage::Transaction;

// An attempt may be dated by a clock that is ahead by so much.
constexpr absl::Duration kClockSkew = absl::Minutes(10);
constexpr absl::Duration kLongestQuiet = absl::Hours(24 * 400);
constexpr int kMostReassigned = 500;
// So many of the queue are read at once by ClaimMeetingRequest to find the best.
constexpr int kCandidates = 8;
constexpr size_t kMostOfObjection = 64;

std::string StateWord(domain::RequestState state) {
  return v1::MeetingRequest::State_Name(static_cast<v1::MeetingRequest::State>(state));
}

absl::Status ToStatus(const Refusal& refusal, const store::RequestRow& row) {
  const std::string state = StateWord(row.request.state);
  switch (refusal.kind) {
    case Refusal::Kind::kFaster:
      return rpc::Error(absl::StatusCode::kAborted, refusal.reason, refusal.message,
                        {{"setter", row.request.setter},
                         {"claim_time", absl::FormatTime(absl::RFC3339_full, row.request.claim_time,
                                                         absl::UTCTimeZone())}});
    case Refusal::Kind::kOwner:
      return rpc::Error(absl::StatusCode::kPermissionDenied, refusal.reason, refusal.message,
                        {{"setter", row.request.setter}});
    case Refusal::Kind::kState:
      break;
  }
  return rpc::Error(absl::StatusCode::kFailedPrecondition, refusal.reason, refusal.message,
                    {{"state", state}});
}

// Tells what a transition returned; an error where it refused.
absl::Status Conclude(RequestBatch& batch, RequestBatch::Entry& entry, const domain::RequestResult& result,
                      const changes::EventDetails& details = {}) {
  if (const auto* refusal = std::get_if<Refusal>(&result)) return ToStatus(*refusal, entry.row);
  if (entry.row.request != entry.before.request)
    batch.Tell(entry, std::get<domain::RequestEvents>(result), details);
  return absl::OkStatus();
}

// The caller takes up a request that is theirs: it is the one that they mean when they name none.
void PickUp(const domain::Actor& actor, absl::Time now, RequestBatch::Entry& entry) {
  if (entry.row.request.setter != actor.name) return;
  entry.row.pick_time = now;
  entry.changed = true;
}

absl::StatusOr<RequestBatch::Entry*> LockOne(RequestBatch& batch, const std::string& name) {
  const domain::RequestId id(rpc::IdIn(name));
  RETURN_IF_ERROR(batch.LockWithLeads({id}));
  RequestBatch::Entry* entry = batch.Find(id);
  if (entry == nullptr) return rpc::NotFound(name, "meeting_request");
  return entry;
}

v1::MeetingRequest Answer(RequestBatch& batch, const RequestBatch::Entry& entry) {
  return ToProto(entry.row, batch.LeadOf(entry.row.lead), batch.hours());
}

absl::Status NoWildcard(std::string_view name) {
  if (name != "meetingRequests/-") return absl::OkStatus();
  return rpc::InvalidField("name", "must name one request; only ClaimMeetingRequest takes meetingRequests/-");
}

// What is wrong with an attempt on its face.
absl::Status CheckAttempt(const v1::Attempt& attempt, absl::Time now) {
  rpc::FieldViolations violations;
  if (!leads::v1::Channel_IsValid(attempt.channel()) || attempt.channel() == leads::v1::CHANNEL_UNSPECIFIED)
    violations.Add("attempt.channel", "is required: how the lead was to be reached");
  if (!v1::Disposition_IsValid(attempt.disposition()) || attempt.disposition() == v1::DISPOSITION_UNSPECIFIED)
    violations.Add("attempt.disposition", "is required: what the attempt came to");
  if (attempt.has_attempt_time() && rpc::StoredTime(attempt.attempt_time()) > now + kClockSkew)
    violations.Add("attempt.attempt_time", "must not be more than 10 minutes ahead");
  if (attempt.has_callback_at()) {
    const absl::Time callback = rpc::StoredTime(attempt.callback_at());
    if (callback <= now || callback > now + domain::kLongestCallback)
      violations.Add("attempt.callback_at", "must be ahead, by at most 30 days");
  }
  if (!attempt.objection().empty() && !IsToken(attempt.objection(), kMostOfObjection, "-"))
    violations.Add("attempt.objection", "must be a word of [a-z0-9-], at most 64 characters: price, no-time");
  return violations.ToStatus();
}

}  // namespace

absl::StatusOr<v1::MeetingRequest> RequestHandlers::ClaimMeetingRequest(
    rpc::CallContext& context, const v1::ClaimMeetingRequestRequest& request) {
  const domain::Actor actor = ActorOf(context);
  const outbox::Cause cause = outbox::CauseOf(context);
  const bool best = request.name() == "meetingRequests/-";
  return outbox::Mutate<v1::MeetingRequest>(
      context, d_.database, request,
      [&](Transaction& transaction, absl::Time now) -> absl::StatusOr<v1::MeetingRequest> {
        Batch batch(transaction, {d_.clock, d_.rng, now, cause});
        Batch::Entry* entry = nullptr;
        if (best) {
          store::QueueQuery query{now, /*own=*/true, /*open=*/true, actor.name, {}};
          ASSIGN_OR_RETURN(const std::vector<store::PlacedRequest> placed,
                           store::ReadQueue(transaction, query, nullptr, kCandidates));
          if (placed.empty()) {
            return rpc::Error(absl::StatusCode::kNotFound, "QUEUE_EMPTY",
                              "no open request waits in the queue of the caller");
          }
          std::vector<domain::RequestId> ids;
          for (const store::PlacedRequest& one : placed) ids.push_back(one.place.id);
          RETURN_IF_ERROR(batch.LockWithLeads(ids));
          for (const domain::RequestId& id : ids) {
            Batch::Entry* found = batch.Find(id);
            if (found != nullptr && found->row.request.state == domain::RequestState::kOpen) {
              entry = found;
              break;
            }
          }
          if (entry == nullptr) return storage::Conflict("others claimed the requests meanwhile");
        } else {
          ASSIGN_OR_RETURN(entry, LockOne(batch, request.name()));
          RETURN_IF_ERROR(rpc::CheckEtag(request.etag(), entry->row.version, request.name()));
        }
        RETURN_IF_ERROR(Conclude(batch, *entry, domain::Claim(entry->row.request, actor, now)));
        PickUp(actor, now, *entry);
        RETURN_IF_ERROR(batch.WriteAll());
        return Answer(batch, *entry);
      });
}

absl::StatusOr<v1::LogAttemptResponse> RequestHandlers::LogAttempt(rpc::CallContext& context,
                                                                   const v1::LogAttemptRequest& request) {
  const domain::Actor actor = ActorOf(context);
  const outbox::Cause cause = outbox::CauseOf(context);
  RETURN_IF_ERROR(NoWildcard(request.name()));
  RETURN_IF_ERROR(CheckAttempt(request.attempt(), d_.clock.Now()));
  return outbox::Mutate<v1::LogAttemptResponse>(
      context, d_.database, request,
      [&](Transaction& transaction, absl::Time now) -> absl::StatusOr<v1::LogAttemptResponse> {
        Batch batch(transaction, {d_.clock, d_.rng, now, cause});
        ASSIGN_OR_RETURN(Batch::Entry * entry, LockOne(batch, request.name()));
        const v1::Attempt& given = request.attempt();
        store::AttemptRow attempt;
        attempt.request = entry->row.id;
        attempt.setter = actor.name;
        attempt.channel = given.channel();
        attempt.disposition = given.disposition();
        // The clock by which the lead became sales-ready may be ahead of ours.
        const absl::Time ready_time = entry->row.request.crossing.ready_time;
        attempt.attempt_time =
            given.has_attempt_time() ? rpc::StoredTime(given.attempt_time()) : std::max(now, ready_time);
        if (given.has_callback_at()) attempt.callback_at = rpc::StoredTime(given.callback_at());
        attempt.talk_track = given.talk_track();
        attempt.objection = given.objection();
        if (attempt.attempt_time < ready_time) {
          return rpc::InvalidField("attempt.attempt_time", "must not be before the lead became sales-ready");
        }
        const store::LeadRow* lead = batch.LeadOf(entry->row.lead);
        const bool denied = lead != nullptr && (lead->denied >> attempt.channel & 1) != 0;
        domain::RequestResult result = domain::LogAttempt(
            entry->row.request, actor, {given.channel(), attempt.attempt_time, attempt.callback_at}, now);
        if (std::holds_alternative<domain::RequestEvents>(result) && denied && !request.already_made()) {
          return rpc::Error(absl::StatusCode::kFailedPrecondition, "CONTACT_NOT_PERMITTED",
                            "the lead has denied this channel; an attempt that was made all the same is "
                            "recorded with already_made",
                            {{"channel", leads::v1::Channel_Name(given.channel())}});
        }
        attempt.not_permitted = denied;
        attempt.number = entry->row.request.attempts;
        RETURN_IF_ERROR(Conclude(batch, *entry, result, {&attempt, "", ""}));
        PickUp(actor, now, *entry);
        RETURN_IF_ERROR(batch.WriteAll());
        RETURN_IF_ERROR(store::kAttempts.Insert(transaction, {{&attempt}}));
        v1::LogAttemptResponse response;
        *response.mutable_meeting_request() = Answer(batch, *entry);
        *response.mutable_attempt() = ToProto(attempt);
        return response;
      });
}

absl::StatusOr<v1::MeetingRequest> RequestHandlers::SnoozeMeetingRequest(
    rpc::CallContext& context, const v1::SnoozeMeetingRequestRequest& request) {
  const domain::Actor actor = ActorOf(context);
  const outbox::Cause cause = outbox::CauseOf(context);
  RETURN_IF_ERROR(NoWildcard(request.name()));
  return outbox::Mutate<v1::MeetingRequest>(
      context, d_.database, request,
      [&](Transaction& transaction, absl::Time now) -> absl::StatusOr<v1::MeetingRequest> {
        const absl::Time until = rpc::StoredTime(request.until());
        if (!request.has_until() || until <= now || until > now + domain::kLongestSnooze)
          return rpc::InvalidField("until", "must be ahead, by at most 14 days");
        Batch batch(transaction, {d_.clock, d_.rng, now, cause});
        ASSIGN_OR_RETURN(Batch::Entry * entry, LockOne(batch, request.name()));
        RETURN_IF_ERROR(Conclude(batch, *entry, domain::Snooze(entry->row.request, actor, until)));
        PickUp(actor, now, *entry);
        RETURN_IF_ERROR(batch.WriteAll());
        return Answer(batch, *entry);
      });
}

absl::StatusOr<v1::MeetingRequest> RequestHandlers::ReturnMeetingRequest(
    rpc::CallContext& context, const v1::ReturnMeetingRequestRequest& request) {
  const domain::Actor actor = ActorOf(context);
  const outbox::Cause cause = outbox::CauseOf(context);
  RETURN_IF_ERROR(NoWildcard(request.name()));
  const absl::Time asked = d_.clock.Now();
  rpc::FieldViolations violations;
  if (!v1::ReturnReason_IsValid(request.reason()) || request.reason() == v1::RETURN_REASON_UNSPECIFIED)
    violations.Add("reason", "is required: why the request is given back");
  absl::Time until = absl::InfinitePast();
  if (request.has_until()) {
    until = rpc::StoredTime(request.until());
    if (request.reason() != v1::RETURN_REASON_BAD_TIMING)
      violations.Add("until", "goes with RETURN_REASON_BAD_TIMING alone");
    if (until <= asked || until > asked + kLongestQuiet)
      violations.Add("until", "must be ahead, by at most 400 days");
  }
  if (request.duplicate_of().empty() == (request.reason() == v1::RETURN_REASON_DUPLICATE))
    violations.Add("duplicate_of", "goes with RETURN_REASON_DUPLICATE, which wants it, and with no other");
  if (!request.referred_to().empty() && request.reason() != v1::RETURN_REASON_WRONG_PERSON)
    violations.Add("referred_to", "goes with RETURN_REASON_WRONG_PERSON alone");
  RETURN_IF_ERROR(violations.ToStatus());
  return outbox::Mutate<v1::MeetingRequest>(
      context, d_.database, request,
      [&](Transaction& transaction, absl::Time now) -> absl::StatusOr<v1::MeetingRequest> {
        Batch batch(transaction, {d_.clock, d_.rng, now, cause});
        ASSIGN_OR_RETURN(Batch::Entry * entry, LockOne(batch, request.name()));
        for (const std::string* other : {&request.duplicate_of(), &request.referred_to()}) {
          if (!other->empty() && *other == entry->row.lead.text()) {
            return rpc::InvalidField(other == &request.referred_to() ? "referred_to" : "duplicate_of",
                                     "is the lead of the request itself");
          }
        }
        RETURN_IF_ERROR(
            Conclude(batch, *entry,
                     domain::Return(entry->row.request, actor,
                                    static_cast<domain::ReturnReason>(request.reason()), until, now),
                     {nullptr, request.duplicate_of(), request.referred_to()}));
        RETURN_IF_ERROR(batch.WriteAll());
        return Answer(batch, *entry);
      });
}

absl::StatusOr<v1::ReassignMeetingRequestsResponse> RequestHandlers::ReassignMeetingRequests(
    rpc::CallContext& context, const v1::ReassignMeetingRequestsRequest& request) {
  const outbox::Cause cause = outbox::CauseOf(context);
  rpc::FieldViolations violations;
  if (request.names().empty() == request.from_setter().empty())
    violations.Add("names", "either names or from_setter says which requests");
  if (request.names_size() > kMostReassigned)
    violations.Add("names", fmt::format("has {} entries; at most {} are reassigned at once",
                                        request.names_size(), kMostReassigned));
  if (!request.setter().empty() && !rpc::IsPrincipalName(request.setter()))
    violations.Add("setter", "must be the name of a principal, or empty for the queue");
  std::vector<domain::RequestId> ids;
  for (int i = 0; i < request.names_size(); ++i) {
    if (request.names(i) == "meetingRequests/-")
      violations.Add(fmt::format("names[{}]", i), "must name one request");
    ids.emplace_back(rpc::IdIn(request.names(i)));
  }
  RETURN_IF_ERROR(violations.ToStatus());
  rpc::Fold(ids);
  return outbox::Mutate<v1::ReassignMeetingRequestsResponse>(
      context, d_.database, request,
      [&](Transaction& transaction, absl::Time now) -> absl::StatusOr<v1::ReassignMeetingRequestsResponse> {
        std::vector<domain::RequestId> wanted = ids;
        if (!request.from_setter().empty()) {
          ASSIGN_OR_RETURN(wanted,
                           store::RequestsOfSetter(transaction, request.from_setter(), kMostReassigned));
        }
        Batch batch(transaction, {d_.clock, d_.rng, now, cause});
        RETURN_IF_ERROR(batch.LockWithLeads(wanted));
        v1::ReassignMeetingRequestsResponse response;
        for (const domain::RequestId& id : wanted) {
          v1::ReassignMeetingRequestsResponse::Result& one = *response.add_results();
          one.set_name(domain::NameOf(id));
          Batch::Entry* entry = batch.Find(id);
          absl::Status status = rpc::NotFound(one.name(), "meeting_request");
          if (entry != nullptr) {
            status = Conclude(batch, *entry, domain::Reassign(entry->row.request, request.setter(), now));
            // The queue is everybody's, whoever owns the lead.
            if (status.ok() && request.setter().empty()) entry->row.owner.clear();
          }
          one.set_error_reason(rpc::ReasonOf(status));
          one.set_error(std::string(status.message()));
        }
        RETURN_IF_ERROR(batch.WriteAll());
        return response;
      });
}

}  // namespace finalmile::appointments::handlers
