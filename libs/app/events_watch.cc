#include "libs/app/events_watch.h"

#include <fmt/format.h>

#include <utility>

namespace finalmile::app {

EventsWatch::EventsWatch(events::EventLog& events, std::vector<std::string> topics, Clock& clock, Log& log,
                         telemetry::Metrics& metrics)
    : events_(events),
      topics_(std::move(topics)),
      clock_(clock),
      wake_(clock.NewWaitEvent()),
      outage_("the event log", log, clock),
      up_(metrics.Gauge("finalmile_events_up", "Whether the event log answered at the last look.")) {
  up_.Set(1);
}

absl::Duration EventsWatch::Run() {
  absl::Status status = events_.EndOffsets(topics_, clock_.Steady() + kTimeout).status();
  if (absl::IsNotFound(status)) {
    status =
        absl::NotFoundError(fmt::format("{}: run `finalmile topics apply`", std::string(status.message())));
  }
  Note(status);
  return clock_.Steady() + (status.ok() ? kInterval : kRetryInterval);
}

void EventsWatch::Note(const absl::Status& status) {
  up_.Set(status.ok() ? 1 : 0);
  outage_.Note(status);
  std::lock_guard lock(mutex_);
  problem_ = status.ok() ? "" : fmt::format("degraded: {}", std::string(status.message()));
}

std::string EventsWatch::problem() const {
  std::lock_guard lock(mutex_);
  return problem_;
}

}  // namespace finalmile::app
