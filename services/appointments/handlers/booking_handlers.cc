#include "services/appointments/handlers/booking_handlers.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "libs/base/status.h"
#include "libs/base/text.h"
#include "libs/base/zone.h"
#include "libs/outbox/mutation.h"
#include "libs/rpc/errors.h"
#include "libs/rpc/etag.h"
#include "libs/rpc/resource_name.h"
#include "libs/rpc/timestamps.h"
#include "services/appointments/changes/appointment_batch.h"
#include "services/appointments/changes/frozen_touches.h"
#include "services/appointments/changes/host_times.h"
#include "services/appointments/changes/host_turn.h"
#include "services/appointments/domain/zone.h"
#include "services/appointments/handlers/actor.h"
#include "services/appointments/handlers/appointment_proto.h"
#include "services/appointments/handlers/refusals.h"

namespace finalmile::appointments::handlers {
namespace {

using changes::AppointmentBatch;
using changes::HostTimes;
using changes::RequestBatch;
using changes::SlotRequest;
using storage::Transaction;

constexpr absl::Duration kStandardLength = absl::Minutes(30);
constexpr absl::Duration kHoldFor = absl::Minutes(10);
constexpr int64_t kMostHolds = 3;
constexpr size_t kMostOfWord = 64;

// The time that a request names. `standard`: how long where it does not say.
template <class Request>
absl::StatusOr<domain::Interval> MeetingOf(const Request& request, absl::Duration standard) {
  rpc::FieldViolations violations;
  if (!request.has_start_time()) violations.Add("start_time", "is required");
  const absl::Duration length = request.has_duration() ? rpc::FromDuration(request.duration()) : standard;
  if (length < domain::kShortestMeeting || length > domain::kLongestMeeting ||
      length % absl::Minutes(1) != absl::ZeroDuration())
    violations.Add("duration", "must be 5 to 480 whole minutes");
  RETURN_IF_ERROR(violations.ToStatus());
  const absl::Time start = rpc::StoredTime(request.start_time());
  return domain::Interval{start, start + length};
}

store::ClaimRow ClaimOf(const HostTimes& host, const domain::Interval& meeting, std::string id,
                        store::ClaimKind kind) {
  store::ClaimRow claim;
  claim.id = std::move(id);
  claim.kind = kind;
  claim.host = host.row.id;
  claim.busy = domain::ClaimOf(host.rules, meeting.start, meeting.end - meeting.start);
  claim.meeting = meeting;
  return claim;
}

// What of a booking follows from its time and host.
void Place(const HostTimes& host, const domain::Interval& meeting, absl::Time now,
           store::AppointmentRow& row) {
  row.zone = host.row.host.zone;
  row.wall_start = domain::WallTime(meeting.start, host.rules.hours.zone);
  row.zone_shifted = false;
  row.days_ahead = domain::DayAt(host.rules.hours, meeting.start) - domain::DayAt(host.rules.hours, now);
}

// The live or expired hold that a request names, of the caller.
absl::StatusOr<store::ClaimRow> HoldOf(Transaction& transaction, const std::string& name,
                                       const domain::Actor& actor) {
  ASSIGN_OR_RETURN(std::vector<store::ClaimRow> claims, store::ReadClaims(transaction, {rpc::IdIn(name)}));
  if (claims.empty() || claims.front().kind != store::ClaimKind::kHold) return rpc::NotFound(name, "hold");
  if (claims.front().holder != actor.name && !actor.manager) {
    return rpc::Error(absl::StatusCode::kPermissionDenied, "NOT_YOURS", "somebody else holds that time",
                      {{"holder", claims.front().holder}});
  }
  return std::move(claims.front());
}

absl::Status CheckTexts(const v1::BookAppointmentRequest& request) {
  rpc::FieldViolations violations;
  if (request.lead().empty()) violations.Add("lead", "is required");
  if (!request.situation().empty() && !IsToken(request.situation(), kMostOfWord, "-"))
    violations.Add("situation", "must be a word of [a-z0-9-], at most 64 characters");
  for (const Violation& violation : domain::CheckTitle(request.title()))
    violations.Add(violation.field, violation.description);
  if (!request.guest_zone().empty() && !LoadZone(request.guest_zone()).ok()) {
    violations.Add("guest_zone", std::string(LoadZone(request.guest_zone()).status().message()));
  }
  const bool timed = request.has_start_time() || request.has_duration() || !request.host().empty();
  if (!request.hold().empty() && timed)
    violations.Add("hold", "goes without host, start_time and duration: it has them");
  return violations.ToStatus();
}

absl::Status CheckLead(const store::LeadRow& lead) {
  const auto denied = [&](leads::v1::Channel channel) { return (lead.denied >> channel & 1) != 0; };
  if (lead.erased)
    return rpc::Error(absl::StatusCode::kFailedPrecondition, "LEAD_ERASED", "the lead was erased");
  if (denied(leads::v1::CHANNEL_PHONE) && denied(leads::v1::CHANNEL_EMAIL)) {
    return rpc::Error(absl::StatusCode::kFailedPrecondition, "CONTACT_NOT_PERMITTED",
                      "the lead has denied telephone and e-mail: nothing is left to meet by");
  }
  return absl::OkStatus();
}

// The cycle that a new meeting of a lead belongs to, and which kind of it the meeting is. `request`: the one
// that it answers, else the lead's newest one; null: the lead has none.
absl::Status FindCycle(const store::RequestRow* request, const std::vector<store::AppointmentRow>& meetings,
                       absl::Time now, store::AppointmentRow& row) {
  if (request != nullptr) row.cycle = request->request.crossing.cycle;
  row.meeting_kind = "initial";
  for (const store::AppointmentRow& meeting : meetings) {
    if (meeting.cycle != row.cycle || meeting.meeting_kind != "initial") continue;
    if (domain::IsPlanned(meeting.appointment) || domain::IsRecoverable(meeting.appointment, now)) {
      return rpc::Error(absl::StatusCode::kFailedPrecondition, "CHAIN_EXISTS",
                        "the lead's first meeting of this cycle is there: reschedule it",
                        {{"appointment", domain::NameOf(meeting.id)}});
    }
    row.meeting_kind = "follow_up";
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<v1::Hold> BookingHandlers::HoldSlot(rpc::CallContext& context,
                                                   const v1::HoldSlotRequest& request) {
  const domain::Actor actor = ActorOf(context);
  ASSIGN_OR_RETURN(const domain::Interval meeting, MeetingOf(request, kStandardLength));
  return outbox::Mutate<v1::Hold>(
      context, d_.database, request,
      [&](Transaction& transaction, absl::Time now) -> absl::StatusOr<v1::Hold> {
        // The team's lock keeps two calls of one principal from passing the limit together.
        RETURN_IF_ERROR(store::LockTeam(transaction).status());
        ASSIGN_OR_RETURN(const int64_t holds, store::CountHolds(transaction, actor.name, now));
        if (holds >= kMostHolds) {
          return rpc::Error(absl::StatusCode::kResourceExhausted, "TOO_MANY_HOLDS",
                            fmt::format("{} times are held already: book one or release it", holds));
        }
        const std::string host = request.host().empty() ? "" : rpc::IdIn(request.host());
        ASSIGN_OR_RETURN(const HostTimes taken,
                         changes::LockSlot(transaction, {meeting, host, "", {}, now}, now));
        store::ClaimRow claim = ClaimOf(taken, meeting, NewUuid(d_.clock, d_.rng), store::ClaimKind::kHold);
        claim.expire_time = now + kHoldFor;
        claim.holder = actor.name;
        RETURN_IF_ERROR(store::DeleteStaleClaims(transaction, claim.host, now));
        RETURN_IF_ERROR(store::kClaims.Insert(transaction, {{&claim}}));
        return ToProto(claim);
      });
}

absl::StatusOr<v1::ReleaseHoldResponse> BookingHandlers::ReleaseHold(rpc::CallContext& context,
                                                                     const v1::ReleaseHoldRequest& request) {
  const domain::Actor actor = ActorOf(context);
  return outbox::Mutate<v1::ReleaseHoldResponse>(
      context, d_.database, request,
      [&](Transaction& transaction, absl::Time) -> absl::StatusOr<v1::ReleaseHoldResponse> {
        const auto hold = HoldOf(transaction, request.name(), actor);
        if (absl::IsNotFound(hold.status())) return v1::ReleaseHoldResponse();
        RETURN_IF_ERROR(hold.status());
        RETURN_IF_ERROR(store::DeleteClaims(transaction, {hold->id}));
        return v1::ReleaseHoldResponse();
      });
}

absl::StatusOr<v1::Appointment> BookingHandlers::BookAppointment(rpc::CallContext& context,
                                                                 const v1::BookAppointmentRequest& request) {
  const domain::Actor actor = ActorOf(context);
  const outbox::Cause cause = outbox::CauseOf(context);
  RETURN_IF_ERROR(CheckTexts(request));
  domain::Interval asked;
  if (request.hold().empty()) {
    ASSIGN_OR_RETURN(asked, MeetingOf(request, kStandardLength));
  }
  return outbox::Mutate<v1::Appointment>(
      context, d_.database, request,
      [&](Transaction& transaction, absl::Time now) -> absl::StatusOr<v1::Appointment> {
        SlotRequest slot{asked, request.host().empty() ? "" : rpc::IdIn(request.host()), "", {}, now};
        if (!request.hold().empty()) {
          ASSIGN_OR_RETURN(const store::ClaimRow hold, HoldOf(transaction, request.hold(), actor));
          slot = {hold.meeting, hold.host, "", {hold.id}, now};
          if (hold.expire_time > now) slot.asked = hold.expire_time - kHoldFor;
        }
        const outbox::EventContext at{d_.clock, d_.rng, now, cause};
        RequestBatch requests(transaction, at);
        AppointmentBatch appointments(transaction, requests, at);
        RETURN_IF_ERROR(requests.LockLeads({domain::LeadName(request.lead())}, {}));
        const store::LeadRow& lead = *requests.LeadOf(domain::LeadName(request.lead()));
        RETURN_IF_ERROR(CheckLead(lead));
        // All that is read of a locked lead travels together.
        ASSIGN_OR_RETURN(const storage::Deferred active, store::DeferLockActiveOf(transaction, lead.id));
        ASSIGN_OR_RETURN(const storage::Deferred newest, store::DeferNewestOf(transaction, lead.id));
        ASSIGN_OR_RETURN(const changes::HistoryReading reading, changes::DeferHistory(transaction, lead.id));
        RETURN_IF_ERROR(transaction.Settle());
        RETURN_IF_ERROR(requests.Take(*active));
        ASSIGN_OR_RETURN(const std::vector<store::RequestRow> last, store::kRequests.Records(*newest));
        ASSIGN_OR_RETURN(changes::LeadHistory history, changes::HistoryIn(reading));
        const RequestBatch::Entry* const active_entry = requests.ActiveOf(lead.id);
        const store::RequestRow* const answered = active_entry == nullptr ? nullptr : &active_entry->row;

        store::AppointmentRow row;
        row.lead = lead.id;
        const bool by_newest = answered == nullptr && !last.empty();
        RETURN_IF_ERROR(FindCycle(by_newest ? &last.front() : answered, history.meetings, now, row));
        std::string setter = actor.name;
        if (answered != nullptr) {
          const domain::MeetingRequest& queued = answered->request;
          row.meeting_request = answered->id;
          row.ready_seq = queued.crossing.ready_seq;
          row.situation = queued.crossing.situation;
          row.attempts = queued.attempts;
          row.first_attempt_time = queued.first_attempt_time;
          row.ready_time = queued.crossing.ready_time;
          if (!queued.setter.empty()) setter = queued.setter;
        }
        if (!request.situation().empty()) row.situation = request.situation();
        slot.situation = row.situation;
        row.title = request.title();
        row.guest_zone = request.guest_zone();
        row.set_time = now;
        row.routing_month = changes::RoutingMonth(requests.hours().zone, now);
        ASSIGN_OR_RETURN(row.touches,
                         changes::FrozenTouches(transaction, row, answered, std::move(history), now));
        // Everybody who wants the host waits for this lock: nothing is read under it that could be read
        // before.
        ASSIGN_OR_RETURN(const HostTimes taken, changes::LockSlot(transaction, slot, now));
        Place(taken, slot.meeting, now, row);
        row.appointment = domain::Set(taken.row.id, std::move(setter), slot.meeting, now);
        AppointmentBatch::Entry& entry = appointments.Open(std::move(row));
        RETURN_IF_ERROR(store::DeleteStaleClaims(transaction, taken.row.id, now));
        if (!slot.own.empty()) RETURN_IF_ERROR(store::DeleteClaims(transaction, slot.own));
        appointments.TakeTime(
            ClaimOf(taken, slot.meeting, entry.row.id.text(), store::ClaimKind::kAppointment));
        appointments.Tell(entry, {domain::MeetingSet{}});
        RETURN_IF_ERROR(requests.WriteAll());
        RETURN_IF_ERROR(appointments.WriteAll());
        return ToProto(entry.row);
      });
}

absl::StatusOr<v1::Appointment> BookingHandlers::RescheduleAppointment(
    rpc::CallContext& context, const v1::RescheduleAppointmentRequest& request) {
  const outbox::Cause cause = outbox::CauseOf(context);
  if (request.keep_host() && !request.host().empty())
    return rpc::InvalidField("host", "goes without keep_host");
  const domain::AppointmentId id(rpc::IdIn(request.name()));
  return outbox::Mutate<v1::Appointment>(
      context, d_.database, request,
      [&](Transaction& transaction, absl::Time now) -> absl::StatusOr<v1::Appointment> {
        const outbox::EventContext at{d_.clock, d_.rng, now, cause};
        RequestBatch requests(transaction, at);
        AppointmentBatch appointments(transaction, requests, at);
        RETURN_IF_ERROR(appointments.LockWithRequests({id}));
        AppointmentBatch::Entry* const entry = appointments.Find(id);
        if (entry == nullptr) return rpc::NotFound(request.name(), "appointment");
        RETURN_IF_ERROR(rpc::CheckEtag(request.etag(), entry->row.version, request.name()));
        if (const store::LeadRow* lead = requests.LeadOf(entry->row.lead); lead == nullptr) {
          return rpc::Error(absl::StatusCode::kFailedPrecondition, "LEAD_ERASED", "the lead was erased");
        } else {
          RETURN_IF_ERROR(CheckLead(*lead));
        }
        domain::Appointment& meeting = entry->row.appointment;
        ASSIGN_OR_RETURN(const domain::Interval moved, MeetingOf(request, meeting.end - meeting.start));
        // Whether it can be moved at all comes before whether the time is free.
        domain::Appointment tried = meeting;
        domain::AppointmentResult result = domain::Reschedule(tried, meeting.host, moved, now);
        if (const auto* refusal = std::get_if<Refusal>(&result)) return ToStatus(*refusal, entry->row);
        SlotRequest slot{moved, "", meeting.host, {id.text()}, now};
        if (request.keep_host()) slot.host = meeting.host;
        if (!request.host().empty()) slot.host = rpc::IdIn(request.host());
        slot.situation = entry->row.situation;
        ASSIGN_OR_RETURN(const HostTimes taken, changes::LockSlot(transaction, slot, now));
        result = domain::Reschedule(meeting, taken.row.id, moved, now);
        Place(taken, moved, now, entry->row);
        RETURN_IF_ERROR(store::DeleteStaleClaims(transaction, taken.row.id, now));
        appointments.TakeTime(ClaimOf(taken, moved, id.text(), store::ClaimKind::kAppointment));
        appointments.Tell(*entry, std::get<domain::AppointmentEvents>(result));
        RETURN_IF_ERROR(requests.WriteAll());
        RETURN_IF_ERROR(appointments.WriteAll());
        return ToProto(entry->row);
      });
}

}  // namespace finalmile::appointments::handlers
