#include "libs/app/readiness.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "libs/app/outage.h"

namespace finalmile::app {
namespace {

// Between two tries.
constexpr absl::Duration kFirstPause = absl::Milliseconds(100);
constexpr absl::Duration kLongestPause = absl::Seconds(5);

}  // namespace

absl::Status Readiness::Await(const std::string& what, const std::function<absl::Status()>& attempt) {
  const absl::Duration deadline = clock_.Steady() + patience_;
  const std::unique_ptr<WaitEvent> never = clock_.NewWaitEvent();
  WaitEvent& stop = stop_ == nullptr ? *never : *stop_;
  Outage outage(what, log_, clock_);
  for (absl::Duration pause = kFirstPause;; pause = std::min(2 * pause, kLongestPause)) {
    absl::Status status = attempt();
    const absl::Duration now = clock_.Steady();
    if (status.ok()) outage.Note(status);
    if (!MayPass(status) || now >= deadline) return status;
    outage.Note(status);
    Set(fmt::format("waiting for {}: {}", what, std::string(status.message())));
    if (stop.WaitUntil(std::min(deadline, now + pause * (0.5 + 0.5 * rng_.Uniform()))))
      return absl::CancelledError(fmt::format("stopped while it waited for {}", what));
  }
}

void Readiness::Set(std::string reason) {
  std::lock_guard lock(mutex_);
  reason_ = std::move(reason);
}

absl::Status Readiness::Check() const {
  std::lock_guard lock(mutex_);
  return reason_.empty() ? absl::OkStatus() : absl::UnavailableError(reason_);
}

}  // namespace finalmile::app
