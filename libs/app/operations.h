#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "libs/app/assembly.h"
#include "libs/base/clock.h"
#include "libs/base/log.h"
#include "libs/rpc/service.h"

namespace finalmile::app {

// finalmile.v1.OperationsService over what this process runs (see its proto). `assemblies`, `clock` and `log`
// outlive it.
std::unique_ptr<rpc::Service> NewOperationsService(std::string version,
                                                   std::vector<const Assembly*> assemblies,
                                                   const Clock& clock, Log& log);

}  // namespace finalmile::app
