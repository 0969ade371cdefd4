#include "services/appointments/handlers/pulse_handlers.h"

#include <optional>
#include <utility>

#include "absl/strings/numbers.h"
#include "libs/base/status.h"
#include "libs/base/text.h"
#include "libs/outbox/mutation.h"
#include "libs/rpc/errors.h"
#include "libs/rpc/resource_name.h"
#include "libs/rpc/signed_token.h"
#include "libs/rpc/timestamps.h"
#include "services/appointments/changes/appointment_batch.h"

namespace finalmile::appointments::handlers {
namespace {

using storage::Transaction;

constexpr absl::Duration kAnswerWithin = absl::Hours(24 * 14);

// What a token says: of which meeting it is, and until when it is taken.
struct Pulse {
  domain::AppointmentId meeting;
  absl::Time expire_time;
};

std::string Payload(const Pulse& pulse) {
  return pulse.meeting.text() + "|" + std::to_string(ToMicros(pulse.expire_time));
}

std::optional<Pulse> PulseOf(const std::string& token, const std::string& key) {
  const auto payload = rpc::OpenToken(token, key);
  if (!payload.ok()) return std::nullopt;
  const size_t bar = payload->find('|');
  int64_t micros;
  if (bar == std::string::npos || !IsUuid(payload->substr(0, bar)) ||
      !absl::SimpleAtoi(payload->substr(bar + 1), &micros))
    return std::nullopt;
  return Pulse{domain::AppointmentId(payload->substr(0, bar)), FromMicros(micros)};
}

// One text whatever is wrong: it does not tell which meetings there are.
absl::Status BadToken() {
  return rpc::Error(absl::StatusCode::kUnauthenticated, "BAD_TOKEN", "the link is not one of ours");
}

}  // namespace

absl::StatusOr<v1::PulseLink> PulseHandlers::GetPulseLink(rpc::CallContext& context,
                                                          const v1::GetPulseLinkRequest& request) {
  return outbox::Read<v1::PulseLink>(
      context, d_.database, [&](Transaction& transaction) -> absl::StatusOr<v1::PulseLink> {
        ASSIGN_OR_RETURN(
            const std::vector<store::AppointmentRow> rows,
            store::ReadAppointments(transaction, {domain::AppointmentId(rpc::IdIn(request.name()))}));
        if (rows.empty()) return rpc::NotFound(request.name(), "appointment");
        const Pulse pulse{rows.front().id, rows.front().appointment.start + kAnswerWithin};
        v1::PulseLink link;
        link.set_token(rpc::SignToken(Payload(pulse), key_));
        if (!url_.empty()) link.set_url(url_ + link.token());
        *link.mutable_expire_time() = rpc::ToTimestamp(pulse.expire_time);
        return link;
      });
}

absl::StatusOr<v1::RecordPulseResponse> PulseHandlers::RecordPulse(rpc::CallContext& context,
                                                                   const v1::RecordPulseRequest& request) {
  const outbox::Cause cause = outbox::CauseOf(context);
  if (!(request.value() >= 1 && request.value() <= 10))
    return rpc::InvalidField("value", "must be 1 to 10: how clear the value was");
  const std::optional<Pulse> pulse = PulseOf(request.token(), key_);
  if (!pulse) return BadToken();
  return outbox::Mutate<v1::RecordPulseResponse>(
      context, d_.database, request,
      [&](Transaction& transaction, absl::Time now) -> absl::StatusOr<v1::RecordPulseResponse> {
        if (now >= pulse->expire_time) {
          return rpc::Error(absl::StatusCode::kFailedPrecondition, "TOKEN_EXPIRED",
                            "the link was to be answered within 14 days of the meeting");
        }
        const outbox::EventContext at{d_.clock, d_.rng, now, cause};
        changes::RequestBatch requests(transaction, at);
        changes::AppointmentBatch appointments(transaction, requests, at);
        RETURN_IF_ERROR(appointments.LockWithRequests({pulse->meeting}));
        changes::AppointmentBatch::Entry* const entry = appointments.Find(pulse->meeting);
        if (entry == nullptr) return BadToken();
        const domain::Appointment& meeting = entry->row.appointment;
        const bool held = meeting.state == domain::AppointmentState::kHeld;
        // Before somebody records the outcome, it says that they met.
        if (!held && (!domain::IsPlanned(meeting) || now < meeting.start)) {
          return rpc::Error(absl::StatusCode::kFailedPrecondition, "WRONG_STATE",
                            "the meeting has not taken place");
        }
        store::ScoreRow score{entry->row.id,
                              v1::ConversationScored::SOURCE_GUEST,
                              "",
                              {{"value", request.value()}, {"worth_time", request.worth_time() ? 1 : 0}},
                              now};
        ASSIGN_OR_RETURN(const storage::Deferred inserted,
                         store::kScores.DeferInsertAbsent(transaction, {{&score}}));
        RETURN_IF_ERROR(transaction.Settle());
        if (inserted->rows.empty()) {
          return rpc::Error(absl::StatusCode::kAlreadyExists, "PULSE_ANSWERED",
                            "the link was answered already");
        }
        v1::ConversationScored& event = *appointments.Emit(*entry).mutable_conversation_scored();
        event.set_lead(entry->row.lead.text());
        event.set_host(meeting.host);
        event.set_situation(entry->row.situation);
        *event.mutable_start_time() = rpc::ToTimestamp(meeting.start);
        event.set_source(v1::ConversationScored::SOURCE_GUEST);
        v1::CriterionScore& value = *event.add_criteria();
        value.set_id("value");
        value.set_score(request.value());
        event.set_worth_time(request.worth_time());
        appointments.Note(*entry, "scored", "guest");
        RETURN_IF_ERROR(requests.WriteAll());
        RETURN_IF_ERROR(appointments.WriteAll());
        return v1::RecordPulseResponse();
      });
}

}  // namespace finalmile::appointments::handlers
