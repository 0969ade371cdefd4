#pragma once

#include "absl/status/statusor.h"
#include "finalmile/appointments/v1/appointment_service.pb.h"
#include "libs/rpc/context.h"
#include "services/appointments/handlers/dependencies.h"

namespace finalmile::appointments::handlers {

// The methods of AppointmentService about teams. Thread-safe.
class TeamHandlers {
 public:
  explicit TeamHandlers(Dependencies dependencies) : d_(dependencies) {}

  absl::StatusOr<v1::Team> GetTeam(rpc::CallContext& context, const v1::GetTeamRequest& request);
  absl::StatusOr<v1::Team> UpdateTeam(rpc::CallContext& context, const v1::UpdateTeamRequest& request);

 private:
  const Dependencies d_;
};

}  // namespace finalmile::appointments::handlers
