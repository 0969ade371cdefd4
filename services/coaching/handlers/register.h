#pragma once

#include <memory>

#include "absl/time/time.h"
#include "libs/rpc/service.h"
#include "services/coaching/handlers/dependencies.h"

namespace finalmile::coaching::handlers {

// The services with their handlers.
std::unique_ptr<rpc::Service> NewTalkTrackService(Dependencies dependencies);
// `zone`: where the day of a practice begins.
std::unique_ptr<rpc::Service> NewPracticeService(Dependencies dependencies, absl::TimeZone zone);

}  // namespace finalmile::coaching::handlers
