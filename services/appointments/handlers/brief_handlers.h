#pragma once

#include "absl/status/statusor.h"
#include "finalmile/appointments/v1/appointment_service.pb.h"
#include "libs/rpc/context.h"
#include "services/appointments/handlers/dependencies.h"

namespace finalmile::appointments::handlers {

// The methods of AppointmentService that say what to know before a meeting. Thread-safe.
class BriefHandlers {
 public:
  explicit BriefHandlers(Dependencies dependencies) : d_(dependencies) {}

  absl::StatusOr<v1::Brief> GetBrief(rpc::CallContext& context, const v1::GetBriefRequest& request);
  absl::StatusOr<v1::NoShowRisk> GetNoShowRisk(rpc::CallContext& context,
                                               const v1::GetNoShowRiskRequest& request);

 private:
  const Dependencies d_;
};

}  // namespace finalmile::appointments::handlers
