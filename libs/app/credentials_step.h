#pragma once

#include <memory>
#include <string_view>

#include "libs/base/clock.h"
#include "libs/base/log.h"
#include "libs/base/step.h"
#include "libs/rpc/credentials.h"

namespace finalmile::app {

// Looks every kInterval whether the tokens file has changed.
class CredentialsStep final : public Step {
 public:
  static constexpr absl::Duration kInterval = absl::Seconds(5);

  // The references outlive the step.
  CredentialsStep(rpc::Credentials& credentials, Clock& clock, Log& log)
      : credentials_(credentials), clock_(clock), log_(log), wake_(clock.NewEvent()) {}

  std::string_view name() const override { return "credentials"; }
  absl::Duration Run() override {
    const absl::StatusOr<bool> changed = credentials_.Reload();
    if (!changed.ok()) {
      log_.Error("the tokens file is not taken over; the old tokens hold",
                 {{"error", changed.status().ToString()}});
    } else if (*changed) {
      log_.Info("tokens file taken over");
    }
    return clock_.Steady() + kInterval;
  }
  Event& wake() override { return *wake_; }

 private:
  rpc::Credentials& credentials_;
  Clock& clock_;
  Log& log_;
  const std::unique_ptr<Event> wake_;
};

}  // namespace finalmile::app
