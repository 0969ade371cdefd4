#pragma once

#include <atomic>
#include <csignal>
#include <memory>
#include <thread>

#include "libs/base/clock.h"

namespace finalmile::app {

// The signals of a process: SIGTERM and SIGINT are waited for, SIGPIPE is ignored (a client library may write
// to a socket that was closed). To be made before any other thread is started, so that all of them leave the
// signals to its own thread.
class StopSignals {
 public:
  StopSignals();
  // Restores what was before.
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

  // Set by the first SIGTERM or SIGINT. The next one ends the process at once, also where it is the first
  // process of a container, to which the kernel passes no signal that is not waited for.
  WaitEvent& stopped() { return *stopped_; }
  // Blocks until the first one and returns its number.
  int Wait();

 private:
  void Run();

  sigset_t signals_;
  sigset_t mask_before_;
  struct sigaction pipe_before_;
  const std::unique_ptr<Clock> clock_ = NewSystemClock();
  const std::unique_ptr<WaitEvent> stopped_ = clock_->NewWaitEvent();
  std::atomic<int> signal_ = 0;
  std::atomic<bool> closing_ = false;
  std::thread thread_;
};

}  // namespace finalmile::app
