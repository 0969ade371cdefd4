#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/app/module.h"
#include "libs/base/span.h"
#include "libs/config/config.h"
#include "libs/telemetry/span_exporter.h"

namespace finalmile::app {

// The traces of a process: a tracer for each of its services and one exporter, or nothing at all where no
// endpoint is set. Thread-safe but for Flush.
class Traces {
 public:
  // The settings, which are OpenTelemetry's own: otel-exporter-otlp-endpoint and …-traces-endpoint,
  // otel-service-name, otel-resource-attributes, otel-traces-sampler and …-arg.
  static void Declare(config::Schema& schema);

  // The references outlive it. INVALID_ARGUMENT names the setting that is wrong, in one line.
  static absl::StatusOr<std::unique_ptr<Traces>> Open(const config::Config& config,
                                                      const std::vector<const ModuleSpec*>& modules,
                                                      Clock& clock, Rng& rng, Log& log,
                                                      telemetry::Metrics& metrics);

  // The tracer of the module `service`, else that of the process as a whole; null: nothing is recorded.
  Tracer* Of(std::string_view service) const;
  // The tracer of the service whose contract is in this package: "finalmile.leads.v1".
  Tracer* OfPackage(std::string_view package) const;

  // Sends the spans; null: there are none.
  Step* step() const { return exporter_.get(); }
  // Sends what is left, for kFlush at most, and drops the rest. Once the step has ended.
  static constexpr absl::Duration kFlush = absl::Seconds(3);
  void Flush();

 private:
  Traces(Clock& clock, telemetry::Metrics& metrics) : clock_(clock), counters_(metrics) {}

  Clock& clock_;
  // They stand there although nothing is recorded, so that alerts can be tested.
  telemetry::SpanCounters counters_;
  // By module; "" is the process as a whole.
  std::map<std::string, std::unique_ptr<Tracer>, std::less<>> tracers_;
  std::unique_ptr<telemetry::SpanExporter> exporter_;
};

}  // namespace finalmile::app
