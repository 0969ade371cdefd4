#pragma once

#include "libs/app/module.h"

namespace finalmile::@name@ {

// The @name@ service.
extern const app::ModuleSpec kModule;

}  // namespace finalmile::@name@
