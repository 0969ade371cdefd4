#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "libs/app/outage.h"
#include "libs/base/clock.h"
#include "libs/base/step.h"
#include "libs/events/event_log.h"
#include "libs/telemetry/metrics.h"

namespace finalmile::app {

// Looks every kInterval whether the event log answers for every topic of the process, and keeps
// finalmile_events_up: 1 or 0. A process serves without the log: events wait in the outbox.
class EventsWatch final : public Step {
 public:
  static constexpr absl::Duration kInterval = absl::Seconds(10);
  static constexpr absl::Duration kTimeout = absl::Seconds(5);
  // Between two looks while the log does not answer.
  static constexpr absl::Duration kRetryInterval = absl::Seconds(1);

  // The references outlive the watch.
  EventsWatch(events::EventLog& events, std::vector<std::string> topics, Clock& clock, Log& log,
              telemetry::Metrics& metrics);

  std::string_view name() const override { return "events.watch"; }
  absl::Duration Run() override;
  WaitEvent& wake() override { return *wake_; }

  // Takes what whoever starts the process found out. Not while it runs.
  void Note(const absl::Status& status);
  // Says on one line for people what is wrong: "degraded: …"; empty when the log answers. Thread-safe.
  std::string problem() const;

 private:
  events::EventLog& events_;
  const std::vector<std::string> topics_;
  Clock& clock_;
  const std::unique_ptr<WaitEvent> wake_;
  Outage outage_;
  const telemetry::Gauge up_;
  mutable std::mutex mutex_;
  std::string problem_;
};

}  // namespace finalmile::app
