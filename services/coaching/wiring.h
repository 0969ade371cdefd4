#pragma once

#include "libs/app/module.h"

namespace finalmile::coaching {

// The coaching service.
extern const app::ModuleSpec kModule;

}  // namespace finalmile::coaching
