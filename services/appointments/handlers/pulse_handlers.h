#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "finalmile/appointments/v1/appointment_service.pb.h"
#include "libs/rpc/context.h"
#include "services/appointments/handlers/dependencies.h"

namespace finalmile::appointments::handlers {

// The methods of AppointmentService about the guest's own word: a signed link, and what was answered through
// it. Thread-safe.
class PulseHandlers {
 public:
  // `key` signs the links; `url` is what stands before a token, may be empty.
  PulseHandlers(Dependencies dependencies, std::string key, std::string url)
      : d_(dependencies), key_(std::move(key)), url_(std::move(url)) {}

  absl::StatusOr<v1::PulseLink> GetPulseLink(rpc::CallContext& context,
                                             const v1::GetPulseLinkRequest& request);
  absl::StatusOr<v1::RecordPulseResponse> RecordPulse(rpc::CallContext& context,
                                                      const v1::RecordPulseRequest& request);

 private:
  const Dependencies d_;
  const std::string key_;
  const std::string url_;
};

}  // namespace finalmile::appointments::handlers
