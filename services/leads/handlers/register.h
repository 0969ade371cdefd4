#pragma once

#include <memory>

#include "libs/rpc/service.h"
#include "services/leads/handlers/dependencies.h"

namespace finalmile::leads::handlers {

std::unique_ptr<rpc::Service> NewLeadService(Dependencies dependencies);
std::unique_ptr<rpc::Service> NewScoringService(Dependencies dependencies);

}  // namespace finalmile::leads::handlers
