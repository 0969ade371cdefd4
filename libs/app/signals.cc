#include "libs/app/signals.h"

#include <pthread.h>

#include <cerrno>

namespace finalmile::app {

StopSignals::StopSignals() {
  sigemptyset(&signals_);
  sigaddset(&signals_, SIGTERM);
  sigaddset(&signals_, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals_, &mask_before_);
  struct sigaction ignore = {};
  ignore.sa_handler = SIG_IGN;
  sigaction(SIGPIPE, &ignore, &pipe_before_);
}

StopSignals::~StopSignals() {
  pthread_sigmask(SIG_SETMASK, &mask_before_, nullptr);
  sigaction(SIGPIPE, &pipe_before_, nullptr);
}

int StopSignals::Wait() {
  int signal = 0;
  while (sigwait(&signals_, &signal) == EINTR) {
  }
  // A process-wide signal goes to a thread that does not block it: this one, with the default action.
  pthread_sigmask(SIG_UNBLOCK, &signals_, nullptr);
  return signal;
}

}  // namespace finalmile::app
