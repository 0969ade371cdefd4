#include "services/appointments/handlers/meeting_handlers.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <set>
#include <utility>

#include "libs/base/status.h"
#include "libs/base/text.h"
#include "libs/outbox/mutation.h"
#include "libs/rpc/errors.h"
#include "libs/rpc/etag.h"
#include "libs/rpc/resource_name.h"
#include "libs/rpc/timestamps.h"
#include "services/appointments/changes/appointment_batch.h"
#include "services/appointments/changes/frozen_touches.h"
#include "services/appointments/changes/host_times.h"
#include "services/appointments/handlers/actor.h"
#include "services/appointments/handlers/appointment_proto.h"
#include "services/appointments/handlers/refusals.h"

namespace finalmile::appointments::handlers {
namespace {

using changes::AppointmentBatch;
using changes::RequestBatch;
using storage::Transaction;

constexpr size_t kMostOfWord = 64;
constexpr int kMostCriteria = 20;

// A meeting that a call changes, locked with its lead and its request.
struct Meeting {
  Transaction& transaction;
  RequestBatch& requests;
  AppointmentBatch& appointments;
  AppointmentBatch::Entry& entry;

  domain::Appointment& it() { return entry.row.appointment; }
  absl::Time now() const { return appointments.now(); }

  // Tells what a transition returned; an error where it refused.
  absl::Status Conclude(const domain::AppointmentResult& result, const std::string& detail = {}) {
    if (const auto* refusal = std::get_if<Refusal>(&result)) return ToStatus(*refusal, entry.row);
    if (it() != entry.before.appointment || !std::get<domain::AppointmentEvents>(result).empty())
      appointments.Tell(entry, std::get<domain::AppointmentEvents>(result), detail);
    return absl::OkStatus();
  }
  // What met the lead up to the start, once the outcome is known.
  absl::Status Freeze() {
    const RequestBatch::Entry* request = requests.Find(entry.row.meeting_request);
    ASSIGN_OR_RETURN(changes::LeadHistory history, changes::ReadHistory(transaction, entry.row.lead));
    ASSIGN_OR_RETURN(
        entry.row.touches,
        changes::FrozenTouches(transaction, entry.row, request == nullptr ? nullptr : &request->row,
                               std::move(history), std::min(now(), it().start)));
    return absl::OkStatus();
  }
  absl::StatusOr<bool> HostIsAway() {
    ASSIGN_OR_RETURN(const auto away, store::ReadTimeOff(transaction, {it().host}, {it().start, it().end}));
    return !away.empty();
  }
};

std::string EtagOf(const v1::RecordReplyRequest&) { return ""; }
std::string EtagOf(const v1::ScoreConversationRequest&) { return ""; }
template <class Request>
std::string EtagOf(const Request& request) {
  return request.etag();
}

template <class Request>
absl::StatusOr<v1::Appointment> Change(const Dependencies& d, rpc::CallContext& context,
                                       const Request& request,
                                       const std::function<absl::Status(Meeting&)>& change) {
  const outbox::Cause cause = outbox::CauseOf(context);
  const domain::AppointmentId id(rpc::IdIn(request.name()));
  return outbox::Mutate<v1::Appointment>(
      context, d.database, request,
      [&](Transaction& transaction, absl::Time now) -> absl::StatusOr<v1::Appointment> {
        const outbox::EventContext at{d.clock, d.rng, now, cause};
        RequestBatch requests(transaction, at);
        AppointmentBatch appointments(transaction, requests, at);
        RETURN_IF_ERROR(appointments.LockWithRequests({id}));
        AppointmentBatch::Entry* const entry = appointments.Find(id);
        if (entry == nullptr) return rpc::NotFound(request.name(), "appointment");
        RETURN_IF_ERROR(rpc::CheckEtag(EtagOf(request), entry->row.version, request.name()));
        Meeting meeting{transaction, requests, appointments, *entry};
        RETURN_IF_ERROR(change(meeting));
        RETURN_IF_ERROR(requests.WriteAll());
        RETURN_IF_ERROR(appointments.WriteAll());
        return ToProto(entry->row);
      });
}

absl::Status CheckWord(const char* field, const std::string& word, bool required) {
  if (word.empty() && !required) return absl::OkStatus();
  if (IsToken(word, kMostOfWord, "-")) return absl::OkStatus();
  return rpc::InvalidField(field, "must be a word of [a-z0-9-], 1 to 64 characters: wrong-meeting");
}

absl::StatusOr<domain::Outcome> OutcomeOf(v1::OutcomeCorrected::Outcome outcome, bool any) {
  if (outcome == v1::OutcomeCorrected::OUTCOME_UNSPECIFIED || !v1::OutcomeCorrected::Outcome_IsValid(outcome))
    return rpc::InvalidField("outcome", "is required: what became of the meeting");
  if (!any && outcome > v1::OutcomeCorrected::OUTCOME_HOST_NO_SHOW) {
    return rpc::InvalidField("outcome",
                             "must be HELD, GUEST_NO_SHOW or HOST_NO_SHOW; CancelAppointment cancels");
  }
  return static_cast<domain::Outcome>(outcome);
}

// TOO_EARLY says until when to wait.
absl::Status WithEarliestTime(absl::Status status, const domain::Appointment& meeting,
                              domain::Outcome outcome) {
  if (rpc::ReasonOf(status) != "TOO_EARLY") return status;
  return rpc::WithMetadata(
      std::move(status),
      {{"earliest_time", absl::FormatTime(absl::RFC3339_full, domain::EarliestTimeOf(meeting, outcome),
                                          absl::UTCTimeZone())}});
}

}  // namespace

absl::StatusOr<v1::Appointment> MeetingHandlers::ConfirmAppointment(
    rpc::CallContext& context, const v1::ConfirmAppointmentRequest& request) {
  return Change(d_, context, request, [&](Meeting& meeting) -> absl::Status {
    const domain::Appointment before = meeting.it();
    const domain::AppointmentResult result = domain::Confirm(meeting.it());
    ASSIGN_OR_RETURN(const bool away, meeting.HostIsAway());
    if (away && std::holds_alternative<domain::AppointmentEvents>(result)) {
      return changes::WithAlternatives(
          meeting.transaction,
          rpc::Error(absl::StatusCode::kFailedPrecondition, "HOST_UNAVAILABLE",
                     "the host is away then: reschedule the meeting"),
          {{before.start, before.end}, "", before.host, {meeting.entry.row.id.text()}, meeting.now()},
          meeting.now());
    }
    return meeting.Conclude(result);
  });
}

absl::StatusOr<v1::Appointment> MeetingHandlers::CancelAppointment(
    rpc::CallContext& context, const v1::CancelAppointmentRequest& request) {
  RETURN_IF_ERROR(CheckWord("reason", request.reason(), /*required=*/false));
  if (request.by() != v1::CANCELLED_BY_GUEST && request.by() != v1::CANCELLED_BY_US)
    return rpc::InvalidField("by", "is required: CANCELLED_BY_GUEST or CANCELLED_BY_US");
  return Change(d_, context, request, [&](Meeting& meeting) -> absl::Status {
    const domain::AppointmentResult result = domain::Cancel(
        meeting.it(), static_cast<domain::CancelledBy>(request.by()), request.reason(), meeting.now());
    if (std::holds_alternative<domain::AppointmentEvents>(result)) {
      RETURN_IF_ERROR(meeting.Freeze());
      meeting.appointments.FreeTime(meeting.entry);
    }
    return meeting.Conclude(result);
  });
}

absl::StatusOr<v1::Appointment> MeetingHandlers::RecordReply(rpc::CallContext& context,
                                                             const v1::RecordReplyRequest& request) {
  if (!v1::PartStat_IsValid(request.partstat()) || request.partstat() == v1::PART_STAT_UNSPECIFIED)
    return rpc::InvalidField("partstat", "is required: what the guest replied");
  return Change(d_, context, request, [&](Meeting& meeting) -> absl::Status {
    if (request.sequence() < 0 || request.sequence() > meeting.it().sequence)
      return rpc::InvalidField("sequence", "must be one that the guest was sent");
    ASSIGN_OR_RETURN(const bool away, meeting.HostIsAway());
    return meeting.Conclude(domain::Reply(meeting.it(), request.sequence(),
                                          static_cast<domain::PartStat>(request.partstat()), !away));
  });
}

absl::StatusOr<v1::Appointment> MeetingHandlers::RecordOutcome(rpc::CallContext& context,
                                                               const v1::RecordOutcomeRequest& request) {
  const domain::Actor actor = ActorOf(context);
  ASSIGN_OR_RETURN(const domain::Outcome outcome, OutcomeOf(request.outcome(), /*any=*/false));
  return Change(d_, context, request, [&](Meeting& meeting) -> absl::Status {
    const domain::AppointmentResult result =
        domain::RecordOutcome(meeting.it(), outcome, actor, meeting.now());
    if (std::holds_alternative<domain::AppointmentEvents>(result)) RETURN_IF_ERROR(meeting.Freeze());
    return WithEarliestTime(meeting.Conclude(result), meeting.it(), outcome);
  });
}

absl::StatusOr<v1::Appointment> MeetingHandlers::AmendOutcome(rpc::CallContext& context,
                                                              const v1::AmendOutcomeRequest& request) {
  const domain::Actor actor = ActorOf(context);
  ASSIGN_OR_RETURN(const domain::Outcome outcome, OutcomeOf(request.outcome(), /*any=*/true));
  RETURN_IF_ERROR(CheckWord("reason", request.reason(), /*required=*/true));
  return Change(d_, context, request, [&](Meeting& meeting) -> absl::Status {
    const domain::AppointmentResult result =
        domain::Amend(meeting.it(), outcome, actor, meeting.requests.hours(), meeting.now());
    if (meeting.it() != meeting.entry.before.appointment && outcome != domain::Outcome::kHeld)
      RETURN_IF_ERROR(store::DeleteScores(meeting.transaction, meeting.entry.row.id));
    return WithEarliestTime(meeting.Conclude(result, request.reason()), meeting.it(), outcome);
  });
}

absl::StatusOr<v1::Appointment> MeetingHandlers::QualifyAppointment(
    rpc::CallContext& context, const v1::QualifyAppointmentRequest& request) {
  const domain::Actor actor = ActorOf(context);
  RETURN_IF_ERROR(CheckWord("reason", request.reason(), /*required=*/!request.qualified()));
  return Change(d_, context, request, [&](Meeting& meeting) -> absl::Status {
    return meeting.Conclude(domain::Qualify(meeting.it(), request.qualified(), request.reason(), actor,
                                            meeting.requests.hours(), meeting.now()));
  });
}

absl::StatusOr<v1::Appointment> MeetingHandlers::ScoreConversation(
    rpc::CallContext& context, const v1::ScoreConversationRequest& request) {
  const domain::Actor actor = ActorOf(context);
  const bool own = request.source() == v1::ConversationScored::SOURCE_SELF;
  rpc::FieldViolations violations;
  if (!own && request.source() != v1::ConversationScored::SOURCE_COACH)
    violations.Add("source", "must be SOURCE_COACH or SOURCE_SELF");
  if (request.criteria().empty() || request.criteria_size() > kMostCriteria)
    violations.Add("criteria", fmt::format("must have 1 to {} entries", kMostCriteria));
  store::ScoreRow score{
      domain::AppointmentId(rpc::IdIn(request.name())), request.source(), actor.name, {}, absl::UnixEpoch()};
  for (int i = 0; i < request.criteria_size(); ++i) {
    const v1::CriterionScore& one = request.criteria(i);
    const std::string at = fmt::format("criteria[{}].", i);
    if (!IsToken(one.id(), kMostOfWord, "_-")) violations.Add(at + "id", "must be a word of [a-z0-9_-]");
    if (!(one.score() >= 1 && one.score() <= 10)) violations.Add(at + "score", "must be 1 to 10");
    if (!score.criteria.emplace(one.id(), one.score()).second) violations.Add(at + "id", "is there twice");
  }
  RETURN_IF_ERROR(violations.ToStatus());
  return Change(d_, context, request, [&](Meeting& meeting) -> absl::Status {
    if (const auto refusal = domain::CheckScore(meeting.it(), own, actor))
      return ToStatus(*refusal, meeting.entry.row);
    score.time = meeting.now();
    RETURN_IF_ERROR(store::kScores.InsertOrUpdate(meeting.transaction, {{&score}}));
    v1::ConversationScored& event = *meeting.appointments.Emit(meeting.entry).mutable_conversation_scored();
    event.set_lead(meeting.entry.row.lead.text());
    event.set_host(meeting.it().host);
    event.set_situation(meeting.entry.row.situation);
    *event.mutable_start_time() = rpc::ToTimestamp(meeting.it().start);
    event.set_source(request.source());
    event.set_rater(actor.name);
    *event.mutable_criteria() = request.criteria();
    meeting.appointments.Note(meeting.entry, "scored", own ? "self" : "coach");
    return absl::OkStatus();
  });
}

}  // namespace finalmile::appointments::handlers
