#include "libs/app/signals.h"

#include <pthread.h>
#include <unistd.h>

namespace finalmile::app {
namespace {

// As the signal does by default.
[[noreturn]] void EndBy(int number) {
  sigset_t one;
  sigemptyset(&one);
  sigaddset(&one, number);
  pthread_sigmask(SIG_UNBLOCK, &one, nullptr);
  std::signal(number, SIG_DFL);
  kill(getpid(), number);
  // The first process of a container has outlived it.
  _exit(128 + number);
}

}  // namespace

StopSignals::StopSignals() {
  sigemptyset(&signals_);
  sigaddset(&signals_, SIGTERM);
  sigaddset(&signals_, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals_, &mask_before_);
  struct sigaction ignore = {};
  ignore.sa_handler = SIG_IGN;
  sigaction(SIGPIPE, &ignore, &pipe_before_);
  thread_ = std::thread([this] { Run(); });
}

StopSignals::~StopSignals() {
  closing_ = true;
  // NOLINTNEXTLINE(bugprone-bad-signal-to-kill-thread): the thread waits for it by sigwait, so it terminates
  // nothing.
  pthread_kill(thread_.native_handle(), SIGTERM);
  thread_.join();
  pthread_sigmask(SIG_SETMASK, &mask_before_, nullptr);
  sigaction(SIGPIPE, &pipe_before_, nullptr);
}

void StopSignals::Run() {
  while (true) {
    int number = 0;
    if (sigwait(&signals_, &number) != 0) continue;
    if (closing_) return;
    if (signal_ != 0) EndBy(number);
    signal_ = number;
    stopped_->Set();
  }
}

int StopSignals::Wait() {
  stopped_->WaitUntil(absl::InfiniteDuration());
  return signal_;
}

}  // namespace finalmile::app
