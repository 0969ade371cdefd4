#pragma once

namespace finalmile::cli {

// What main returns: the program is the command line, and under the name `finalmile-SERVICE` (a link to it)
// the service of that name. To be called first in main, before any thread is started.
int Main(int argc, char** argv);

}  // namespace finalmile::cli
