#include "libs/rpc/standstill.h"

namespace finalmile::rpc {
namespace {

// Signs of life of a process that nobody calls.
constexpr absl::Duration kBeat = absl::Milliseconds(500);

}  // namespace

Standstill::Standstill(Clock& clock) : clock_(clock), wake_(clock.NewWaitEvent()) {}

bool Standstill::Note(absl::Duration now) {
  const int64_t at = absl::ToInt64Nanoseconds(now);
  const int64_t seen = seen_.load();
  if (seen == 0) return false;
  // Threads that come here at once may set the same more than once.
  if (at - seen > absl::ToInt64Nanoseconds(kLongestPause)) until_ = at + absl::ToInt64Nanoseconds(kLeftovers);
  if (at > seen) seen_ = at;
  return at < until_.load();
}

absl::Duration Standstill::Run() {
  const absl::Duration now = clock_.Steady();
  if (seen_.load() == 0) seen_ = absl::ToInt64Nanoseconds(now);
  Note(now);
  return now + kBeat;
}

}  // namespace finalmile::rpc
