#pragma once

#include "absl/status/statusor.h"
#include "finalmile/appointments/v1/appointment_service.pb.h"
#include "libs/rpc/context.h"
#include "services/appointments/handlers/dependencies.h"

namespace finalmile::appointments::handlers {

// The methods of AppointmentService that say what becomes of a meeting. Thread-safe.
class MeetingHandlers {
 public:
  explicit MeetingHandlers(Dependencies dependencies) : d_(dependencies) {}

  absl::StatusOr<v1::Appointment> ConfirmAppointment(rpc::CallContext& context,
                                                     const v1::ConfirmAppointmentRequest& request);
  absl::StatusOr<v1::Appointment> CancelAppointment(rpc::CallContext& context,
                                                    const v1::CancelAppointmentRequest& request);
  absl::StatusOr<v1::Appointment> RecordReply(rpc::CallContext& context,
                                              const v1::RecordReplyRequest& request);
  absl::StatusOr<v1::Appointment> RecordOutcome(rpc::CallContext& context,
                                                const v1::RecordOutcomeRequest& request);
  absl::StatusOr<v1::Appointment> AmendOutcome(rpc::CallContext& context,
                                               const v1::AmendOutcomeRequest& request);
  absl::StatusOr<v1::Appointment> QualifyAppointment(rpc::CallContext& context,
                                                     const v1::QualifyAppointmentRequest& request);
  absl::StatusOr<v1::Appointment> ScoreConversation(rpc::CallContext& context,
                                                    const v1::ScoreConversationRequest& request);

 private:
  const Dependencies d_;
};

}  // namespace finalmile::appointments::handlers
