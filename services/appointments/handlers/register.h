#pragma once

#include <memory>

#include "libs/rpc/service.h"
#include "services/appointments/handlers/dependencies.h"

namespace finalmile::appointments::handlers {

// The services with their handlers.
std::unique_ptr<rpc::Service> NewMeetingRequestService(Dependencies dependencies);
std::unique_ptr<rpc::Service> NewAppointmentService(Dependencies dependencies);

}  // namespace finalmile::appointments::handlers
