#include "services/appointments/handlers/brief_handlers.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "libs/base/status.h"
#include "libs/outbox/mutation.h"
#include "libs/rpc/errors.h"
#include "libs/rpc/resource_name.h"
#include "services/appointments/changes/frozen_touches.h"
#include "services/appointments/domain/no_show_risk.h"
#include "services/appointments/domain/zone.h"
#include "services/appointments/handlers/appointment_proto.h"
#include "services/appointments/handlers/request_proto.h"

namespace finalmile::appointments::handlers {
namespace {

using storage::Transaction;

constexpr int kMostAttempts = 200;

absl::StatusOr<store::AppointmentRow> Existing(Transaction& transaction, const std::string& name) {
  ASSIGN_OR_RETURN(std::vector<store::AppointmentRow> rows,
                   store::ReadAppointments(transaction, {domain::AppointmentId(rpc::IdIn(name))}));
  if (rows.empty()) return rpc::NotFound(name, "appointment");
  return std::move(rows.front());
}

absl::StatusOr<v1::NoShowRisk> RiskOf(Transaction& transaction, const store::AppointmentRow& row) {
  const int days = static_cast<int>(row.days_ahead);
  const domain::RiskBucket& bucket = domain::BucketOf(days);
  ASSIGN_OR_RETURN(const domain::RiskSeen seen, store::RiskSeenIn(transaction, bucket));
  bool earlier = false;
  if (!row.lead.empty()) {
    ASSIGN_OR_RETURN(const std::vector<store::AppointmentRow> others,
                     store::AppointmentsOf(transaction, row.lead));
    earlier = std::any_of(others.begin(), others.end(),
                          [&](const store::AppointmentRow& other) { return other.appointment.guest_missed; });
  }
  const domain::NoShowRisk risk = domain::RiskOf(row.appointment, days, seen, earlier);
  v1::NoShowRisk proto;
  proto.set_probability(risk.probability);
  for (const domain::RiskFactor& factor : risk.factors) {
    v1::NoShowRisk::Factor& one = *proto.add_factors();
    one.set_name(factor.name);
    one.set_odds_ratio(factor.odds_ratio);
    one.set_text(factor.text);
  }
  for (const std::string& action : risk.actions) proto.add_actions(action);
  proto.set_days_ahead(days);
  proto.set_own_meetings(seen.meetings);
  proto.set_own_no_shows(seen.no_shows);
  return proto;
}

}  // namespace

absl::StatusOr<v1::Brief> BriefHandlers::GetBrief(rpc::CallContext& context,
                                                  const v1::GetBriefRequest& request) {
  return outbox::Read<v1::Brief>(
      context, d_.database, [&](Transaction& transaction) -> absl::StatusOr<v1::Brief> {
        ASSIGN_OR_RETURN(store::AppointmentRow row, Existing(transaction, request.name()));
        v1::Brief brief;
        std::optional<store::RequestRow> answered;
        if (!row.meeting_request.empty()) {
          ASSIGN_OR_RETURN(std::vector<store::RequestRow> requests,
                           store::ReadRequests(transaction, {row.meeting_request}));
          if (!requests.empty()) answered = std::move(requests.front());
        }
        if (answered) {
          ASSIGN_OR_RETURN(const std::vector<v1::MeetingRequest> protos, ToProtos(transaction, {*answered}));
          *brief.mutable_meeting_request() = protos.front();
          ASSIGN_OR_RETURN(const std::vector<store::AttemptRow> attempts,
                           store::ListAttempts(transaction, answered->id, 0, kMostAttempts));
          for (const store::AttemptRow& attempt : attempts) {
            *brief.add_attempts() = ToProto(attempt);
            if (!attempt.objection.empty()) brief.set_last_objection(attempt.objection);
          }
        }
        // What has come since the meeting was set belongs to the brief as well.
        if (domain::IsPlanned(row.appointment) && !row.lead.empty()) {
          ASSIGN_OR_RETURN(changes::LeadHistory history, changes::ReadHistory(transaction, row.lead));
          ASSIGN_OR_RETURN(row.touches,
                           changes::FrozenTouches(transaction, row, answered ? &*answered : nullptr,
                                                  std::move(history), d_.clock.Now()));
        }
        *brief.mutable_appointment() = ToProto(row);
        ASSIGN_OR_RETURN(*brief.mutable_no_show_risk(), RiskOf(transaction, row));
        return brief;
      });
}

absl::StatusOr<v1::NoShowRisk> BriefHandlers::GetNoShowRisk(rpc::CallContext& context,
                                                            const v1::GetNoShowRiskRequest& request) {
  return outbox::Read<v1::NoShowRisk>(
      context, d_.database, [&](Transaction& transaction) -> absl::StatusOr<v1::NoShowRisk> {
        ASSIGN_OR_RETURN(const store::AppointmentRow row, Existing(transaction, request.name()));
        return RiskOf(transaction, row);
      });
}

}  // namespace finalmile::appointments::handlers
