#pragma once

#include <csignal>

namespace finalmile::app {

// The signals of a process: SIGTERM and SIGINT are waited for, SIGPIPE is ignored (a client library may write
// to a socket that was closed). To be made before any thread is started, so that all threads leave the
// signals to Wait.
class StopSignals {
 public:
  StopSignals();
  // Restores what was before.
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

  // Blocks until SIGTERM or SIGINT and returns its number. From then on another one ends the process at once.
  // Call it once, on the thread that made this object.
  int Wait();

 private:
  sigset_t signals_;
  sigset_t mask_before_;
  struct sigaction pipe_before_;
};

}  // namespace finalmile::app
