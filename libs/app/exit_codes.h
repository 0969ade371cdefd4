#pragma once

namespace finalmile::app {

// How every program of the suite ends, beside 128 + n when a signal n ended it.
enum ExitCode : int {
  kExitOk = 0,
  // It could not start, or failed while it ran: a port or a store in use, a store of another service or of a
  // newer program. Trying again later, unchanged, may help. A service waits for a store that does not answer.
  kExitFailure = 1,
  // A flag, variable, configuration file or address is wrong. Trying again does not help.
  kExitUsage = 2,
};

}  // namespace finalmile::app
