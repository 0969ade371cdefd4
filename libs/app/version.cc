#include "libs/app/version.h"

namespace finalmile::app {

std::string_view Version() { return FINALMILE_VERSION; }

}  // namespace finalmile::app
