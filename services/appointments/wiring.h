#pragma once

#include "libs/app/module.h"

namespace finalmile::appointments {

// The appointments service.
extern const app::ModuleSpec kModule;

}  // namespace finalmile::appointments
