#pragma once

#include "libs/app/module.h"

namespace finalmile::app {

// The whole life of a service's process, `finalmile-NAME`; what main returns (see exit_codes.h). To be called
// first in main, before any thread is started.
//
// Prints one line on standard output when it serves, and one on standard error when it cannot and waiting
// does not mend it; until then it waits for its store (see SuiteOptions::patience). SIGTERM and SIGINT stop
// it at a commit point; a second one ends it at once. --help, --version and --print-config print and end.
//
//   int main(int argc, char** argv) { return finalmile::app::RunService(argc, argv,
//   finalmile::leads::kModule); }
int RunService(int argc, char** argv, const ModuleSpec& module);

}  // namespace finalmile::app
