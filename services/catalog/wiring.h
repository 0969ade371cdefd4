#pragma once

#include "libs/app/module.h"

namespace finalmile::catalog {

// The catalog service: sales content that is reviewed, published, found and personalised.
extern const app::ModuleSpec kModule;

}  // namespace finalmile::catalog
