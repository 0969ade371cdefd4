#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string_view>

#include "absl/status/status.h"
#include "libs/base/clock.h"
#include "libs/base/step.h"

// The server keeps it and CallContext::Check asks it; handlers do not use it themselves.
namespace finalmile::rpc {

// Notices that the process was stopped for a while: by a debugger, by its machine, or by an administrator.
// Whoever had sent it a call may have gone to another replica meanwhile, and heard from that one that the
// call was refused. This concerns calls that the process was working on, and those that lie in its sockets
// afterwards: the transport reads such a call first and its end later, and begins its time limit anew. The
// methods are thread-safe and neither block nor wait.
class Standstill final : public Step {
 public:
  // Two signs of life that are further apart mean that the process stood still. Shorter pauses cannot be told
  // from a busy machine.
  static constexpr absl::Duration kLongestPause = absl::Seconds(2);
  // For so long after a standstill calls may be read that came during it.
  static constexpr absl::Duration kLeftovers = absl::Seconds(1);

  // `clock` outlives it.
  explicit Standstill(Clock& clock);

  // Standstills up to `now` (steady); the call is itself a sign of life. 0 until the step has run for the
  // first time.
  int64_t CountAt(absl::Duration now);
  // Whether a call that arrives at `now` may have been sent during a standstill.
  bool MayBeLeftover(absl::Duration now);

  // A mutation that its caller may have given up meanwhile is refused with this: UNAVAILABLE / STOOD_STILL.
  static absl::Status Refusal();

  std::string_view name() const override { return "rpc.standstill"; }
  absl::Duration Run() override;
  WaitEvent& wake() override { return *wake_; }

 private:
  Clock& clock_;
  const std::unique_ptr<WaitEvent> wake_;
  // Times are in nanoseconds of the steady clock. The last sign of life; 0: none.
  std::atomic<int64_t> seen_{0};
  std::atomic<int64_t> until_{0};
  // Threads that notice a standstill at once may each count it.
  std::atomic<int64_t> count_{0};
};

}  // namespace finalmile::rpc
