#pragma once

#include <string>

#include "libs/telemetry/metrics.h"

namespace finalmile::leads::scoring {

// Activities that came too late to be taken (domain::IsAgedOut), by the way they came. Handles.
struct LateActivities {
  explicit LateActivities(telemetry::Metrics& metrics)
      : by_call(Counter(metrics, "call")),
        by_import(Counter(metrics, "import")),
        by_topic(Counter(metrics, "topic")) {}

  telemetry::Counter by_call;
  telemetry::Counter by_import;
  telemetry::Counter by_topic;

 private:
  static telemetry::Counter Counter(telemetry::Metrics& metrics, std::string way) {
    return metrics.Counter("finalmile_leads_late_activities_total",
                           "Activities not taken because they happened too long ago.",
                           {{"way", std::move(way)}});
  }
};

}  // namespace finalmile::leads::scoring
