#pragma once

#include <memory>

#include "libs/rpc/service.h"
#include "services/coaching/handlers/dependencies.h"

namespace finalmile::coaching::handlers {

// The services with their handlers.
std::unique_ptr<rpc::Service> NewTalkTrackService(Dependencies dependencies);
std::unique_ptr<rpc::Service> NewPracticeService(Dependencies dependencies);

}  // namespace finalmile::coaching::handlers
