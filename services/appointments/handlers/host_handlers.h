#pragma once

#include "absl/status/statusor.h"
#include "finalmile/appointments/v1/appointment_service.pb.h"
#include "libs/rpc/context.h"
#include "services/appointments/handlers/dependencies.h"

namespace finalmile::appointments::handlers {

// The methods of AppointmentService about hosts and when they are away. Thread-safe.
class HostHandlers {
 public:
  explicit HostHandlers(Dependencies dependencies) : d_(dependencies) {}

  absl::StatusOr<v1::Host> UpsertHost(rpc::CallContext& context, const v1::UpsertHostRequest& request);
  absl::StatusOr<v1::Host> GetHost(rpc::CallContext& context, const v1::GetHostRequest& request);
  absl::StatusOr<v1::ListHostsResponse> ListHosts(rpc::CallContext& context,
                                                  const v1::ListHostsRequest& request);
  absl::StatusOr<v1::TimeOff> SetTimeOff(rpc::CallContext& context, const v1::SetTimeOffRequest& request);
  absl::StatusOr<v1::ListTimeOffResponse> ListTimeOff(rpc::CallContext& context,
                                                      const v1::ListTimeOffRequest& request);
  absl::StatusOr<v1::TimeOff> DeleteTimeOff(rpc::CallContext& context,
                                            const v1::DeleteTimeOffRequest& request);

 private:
  const Dependencies d_;
};

}  // namespace finalmile::appointments::handlers
