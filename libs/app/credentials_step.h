#pragma once

#include <memory>
#include <string_view>

#include "libs/base/clock.h"
#include "libs/base/log.h"
#include "libs/base/step.h"
#include "libs/rpc/credentials.h"
#include "libs/telemetry/metrics.h"

namespace finalmile::app {

// Looks every kInterval whether the tokens file has changed. The gauge finalmile_tokens_file_malformed is 1
// while some of it cannot be read.
class CredentialsStep final : public Step {
 public:
  static constexpr absl::Duration kInterval = absl::Seconds(5);

  // The references outlive the step.
  CredentialsStep(rpc::Credentials& credentials, Clock& clock, Log& log, telemetry::Metrics& metrics)
      : credentials_(credentials),
        clock_(clock),
        log_(log),
        malformed_(metrics.Gauge("finalmile_tokens_file_malformed",
                                 "1 while a line of the tokens file, or all of it, cannot be read.")),
        wake_(clock.NewWaitEvent()) {}

  std::string_view name() const override { return "credentials"; }
  absl::Duration Run() override {
    const absl::StatusOr<bool> changed = credentials_.Reload();
    if (!changed.ok()) {
      log_.Error("the tokens file is malformed; only the tokens of its good lines are admitted",
                 {{"error", changed.status().ToString()}});
    } else if (*changed) {
      log_.Info("tokens file taken over");
    }
    malformed_.Set(credentials_.problem().ok() ? 0 : 1);
    return clock_.Steady() + kInterval;
  }
  WaitEvent& wake() override { return *wake_; }

 private:
  rpc::Credentials& credentials_;
  Clock& clock_;
  Log& log_;
  const telemetry::Gauge malformed_;
  const std::unique_ptr<WaitEvent> wake_;
};

}  // namespace finalmile::app
