#pragma once

#include <memory>
#include <string>

#include "libs/rpc/service.h"
#include "services/appointments/handlers/dependencies.h"

namespace finalmile::appointments::handlers {

// The services with their handlers.
std::unique_ptr<rpc::Service> NewMeetingRequestService(Dependencies dependencies);
// `pulse_key` signs the guests' links; `pulse_url` stands before their tokens, may be empty.
std::unique_ptr<rpc::Service> NewAppointmentService(Dependencies dependencies, std::string pulse_key,
                                                    std::string pulse_url);

}  // namespace finalmile::appointments::handlers
