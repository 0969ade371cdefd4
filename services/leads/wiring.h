#pragma once

#include "libs/app/module.h"

namespace finalmile::leads {

// The leads service: leads, what they did, and how ready they are.
extern const app::ModuleSpec kModule;

}  // namespace finalmile::leads
