#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "libs/app/assembly.h"
#include "libs/base/clock.h"
#include "libs/base/log.h"
#include "libs/rpc/credentials.h"
#include "libs/rpc/service.h"

namespace finalmile::app {

// finalmile.v1.OperationsService over what this process runs (see its proto). `credentials` is null where no
// tokens are asked for; it, `assemblies`, `clock` and `log` outlive the service.
std::unique_ptr<rpc::Service> NewOperationsService(std::string version,
                                                   std::vector<const Assembly*> assemblies,
                                                   const rpc::Credentials* credentials, const Clock& clock,
                                                   Log& log);

}  // namespace finalmile::app
