#include "libs/app/signals.h"

#include <gtest/gtest.h>
#include <sched.h>
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
        signals.stopped().Clear();
        signals.Wait();
        _exit(42);
      },
      ::testing::KilledBySignal(SIGTERM), "");
}

// The first process of a namespace, as of a container: it asks itself to stop twice. Returns only on failure.
int StopTwiceAsFirstProcess() {
  StopSignals signals;
  if (getpid() != 1) return 2;
  kill(getpid(), SIGTERM);
  if (signals.Wait() != SIGTERM) return 3;
  kill(getpid(), SIGTERM);
  signals.stopped().Clear();
  signals.Wait();
  return 4;
}

// The kernel passes such a process no signal by whose default action it would end.
TEST(StopSignalsDeathTest, TheSecondSignalEndsTheFirstProcessOfAContainerToo) {
  constexpr int kMayNot = 77;
  const pid_t outer = fork();
  ASSERT_GE(outer, 0);
  if (outer == 0) {
    if (unshare(CLONE_NEWUSER | CLONE_NEWPID) != 0) _exit(kMayNot);
    const pid_t first = fork();
    if (first == 0) _exit(StopTwiceAsFirstProcess());
    int status = 0;
    if (first < 0 || waitpid(first, &status, 0) != first) _exit(1);
    _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 1);
  }
  int status = 0;
  ASSERT_EQ(waitpid(outer, &status, 0), outer);
  ASSERT_TRUE(WIFEXITED(status)) << status;
  if (WEXITSTATUS(status) == kMayNot) GTEST_SKIP() << "this user may make no namespace of processes";
  EXPECT_EQ(WEXITSTATUS(status), 128 + SIGTERM);
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
