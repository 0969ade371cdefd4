#pragma once

#include <atomic>
#include <memory>
#include <string_view>

#include "libs/base/clock.h"
#include "libs/base/step.h"

// No part of the library's interface.
namespace finalmile::rpc {

// Notices that the process was stopped for a while: by a debugger, by its machine, or by an administrator.
// What lies in its sockets afterwards was sent to the process before, and whoever sent it may have gone to
// another replica and heard from that one that the call was refused. The transport reads the call first and
// its end later, and begins its time limit anew. A thread-safe object; Note neither blocks nor waits.
class Standstill final : public Step {
 public:
  // Two signs of life that are further apart mean that the process stood still. Shorter pauses cannot be told
  // from a busy machine.
  static constexpr absl::Duration kLongestPause = absl::Seconds(2);
  // For so long after a standstill calls may be read that came during it.
  static constexpr absl::Duration kLeftovers = absl::Seconds(1);

  // `clock` outlives it.
  explicit Standstill(Clock& clock);

  // Each call that arrives is a sign of life, at `now` (steady). True: what arrives may have been sent during
  // a standstill. False until the step has run for the first time.
  bool Note(absl::Duration now);

  std::string_view name() const override { return "rpc.standstill"; }
  absl::Duration Run() override;
  WaitEvent& wake() override { return *wake_; }

 private:
  Clock& clock_;
  const std::unique_ptr<WaitEvent> wake_;
  // In nanoseconds of the steady clock. The last sign of life; 0: none.
  std::atomic<int64_t> seen_{0};
  std::atomic<int64_t> until_{0};
};

}  // namespace finalmile::rpc
