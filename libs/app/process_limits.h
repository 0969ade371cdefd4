#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "libs/base/clock.h"
#include "libs/base/step.h"

namespace finalmile::app {

// Raises the limit of open files to what the system allows this process, and returns it. Stays as it is where
// that fails.
int64_t RaiseOpenFiles();

// How many connections `open_files` allow when stores, logs, caches and probes keep what they need; at least
// 1.
int ConnectionsFor(int64_t open_files);

// Bounds how much memory malloc keeps: an arena for each processor rather than eight, since every one keeps
// what its threads once needed; and blocks of 256 KiB and more, such as large messages, go back to the system
// as soon as they are freed (glibc by itself stops doing so once it has freed one). Smaller blocks stay for
// the next call, up to MemoryReturn::kMuch.
void BoundMalloc();

// Gives the system back what malloc keeps of memory that was freed, when it is much: after many large
// requests or connections it would stay with the process for ever.
class MemoryReturn final : public Step {
 public:
  static constexpr size_t kMuch = 64 << 20;

  explicit MemoryReturn(Clock& clock) : clock_(clock), wake_(clock.NewWaitEvent()) {}
  std::string_view name() const override { return "process.memory"; }
  absl::Duration Run() override;
  WaitEvent& wake() override { return *wake_; }

 private:
  Clock& clock_;
  const std::unique_ptr<WaitEvent> wake_;
};

}  // namespace finalmile::app
