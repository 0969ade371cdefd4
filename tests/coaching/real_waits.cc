// Loaded before libfaketime into the programs of practice_days_test.cc.
//
// librdkafka waits until a time that it takes from timespec_get, which libfaketime moves, by cnd_timedwait,
// whose waits libfaketime 0.9.10 does not move back: it would wait for months. Nothing else takes the time
// from this function.

#include <sys/syscall.h>
#include <unistd.h>

#include <ctime>

extern "C" int timespec_get(timespec* now, int base) noexcept {
  return base == TIME_UTC && syscall(SYS_clock_gettime, CLOCK_REALTIME, now) == 0 ? base : 0;
}
