#include "libs/app/signals.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>

namespace finalmile::app {
namespace {

// The cases of StopSignalsDeathTest run in child processes, which signal themselves.

TEST(StopSignalsDeathTest, ASignalSentBeforeTheWaitIsNotLost) {
  EXPECT_EXIT(
      {
        StopSignals signals;
        kill(getpid(), SIGTERM);
        _exit(signals.Wait() == SIGTERM ? 42 : 1);
      },
      ::testing::ExitedWithCode(42), "");
}

TEST(StopSignalsDeathTest, AnInterruptStopsToo) {
  EXPECT_EXIT(
      {
        StopSignals signals;
        kill(getpid(), SIGINT);
        _exit(signals.Wait() == SIGINT ? 42 : 1);
      },
      ::testing::ExitedWithCode(42), "");
}

TEST(StopSignalsDeathTest, TheSecondSignalEndsTheProcessAtOnce) {
  EXPECT_EXIT(
      {
        StopSignals signals;
        kill(getpid(), SIGTERM);
        signals.Wait();
        kill(getpid(), SIGTERM);
        _exit(42);
      },
      ::testing::KilledBySignal(SIGTERM), "");
}

TEST(StopSignalsDeathTest, ABrokenPipeIsAnErrorAndNoSignal) {
  EXPECT_EXIT(
      {
        StopSignals signals;
        int ends[2];
        if (pipe(ends) != 0) _exit(1);
        close(ends[0]);
        _exit(write(ends[1], "x", 1) == -1 && errno == EPIPE ? 42 : 1);
      },
      ::testing::ExitedWithCode(42), "");
}

TEST(StopSignalsTest, RestoresTheMask) {
  sigset_t before;
  pthread_sigmask(SIG_SETMASK, nullptr, &before);
  {
    StopSignals signals;
    sigset_t during;
    pthread_sigmask(SIG_SETMASK, nullptr, &during);
    EXPECT_TRUE(sigismember(&during, SIGTERM));
  }
  sigset_t after;
  pthread_sigmask(SIG_SETMASK, nullptr, &after);
  EXPECT_EQ(sigismember(&before, SIGTERM), sigismember(&after, SIGTERM));
}

}  // namespace
}  // namespace finalmile::app
