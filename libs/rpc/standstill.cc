#include "libs/rpc/standstill.h"

#include "libs/rpc/errors.h"

namespace finalmile::rpc {
namespace {

// Signs of life of a process that nobody calls.
constexpr absl::Duration kBeat = absl::Milliseconds(500);

}  // namespace

Standstill::Standstill(Clock& clock) : clock_(clock), wake_(clock.NewWaitEvent()) {}

int64_t Standstill::CountAt(absl::Duration now) {
  const int64_t at = absl::ToInt64Nanoseconds(now);
  const int64_t seen = seen_.load();
  if (seen == 0) return 0;
  // The sign of life comes last: whoever sees it sees also what was noticed before it.
  if (at - seen > absl::ToInt64Nanoseconds(kLongestPause)) {
    until_ = at + absl::ToInt64Nanoseconds(kLeftovers);
    ++count_;
  }
  if (at > seen) seen_ = at;
  return count_.load();
}

bool Standstill::MayBeLeftover(absl::Duration now) {
  CountAt(now);
  return absl::ToInt64Nanoseconds(now) < until_.load();
}

absl::Status Standstill::Refusal() {
  return Error(absl::StatusCode::kUnavailable, "STOOD_STILL",
               "the server was stopped for a while, and this call may have been sent before: send it again, "
               "with the same request_id");
}

absl::Duration Standstill::Run() {
  const absl::Duration now = clock_.Steady();
  if (seen_.load() == 0) seen_ = absl::ToInt64Nanoseconds(now);
  CountAt(now);
  return now + kBeat;
}

}  // namespace finalmile::rpc
