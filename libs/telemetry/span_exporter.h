#pragma once

#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/base/clock.h"
#include "libs/base/log.h"
#include "libs/base/span.h"
#include "libs/base/step.h"
#include "libs/telemetry/http_post.h"
#include "libs/telemetry/metrics.h"
#include "libs/telemetry/otlp.h"

namespace finalmile::telemetry {

// finalmile_spans_exported_total, and finalmile_spans_dropped_total{reason}: "queue_full" (more ended than
// were taken), "unreachable" (nobody took the batch in kTries tries), "refused" (the receiver did not want
// them), "batch" (SpanSink::LeftOut), "stopping" (they were left when the process ended).
class SpanCounters {
 public:
  explicit SpanCounters(Metrics& metrics);
  void Exported(int64_t spans) { exported_.Add(static_cast<double>(spans)); }
  // `reason` is one of those above.
  void Dropped(std::string_view reason, int64_t spans);

 private:
  Counter exported_;
  std::map<std::string_view, Counter> dropped_;
};

struct SpanExporterOptions {
  // "http://otel-collector:4318/v1/traces", whole.
  std::string endpoint;
  ResourceAttributes resource = {};
  // Spans that wait at most, and spans of one request.
  size_t queue = 4096;
  size_t batch = 512;
  // How long a span waits at most for others.
  absl::Duration interval = absl::Seconds(1);
  // The time that one request may take.
  absl::Duration timeout = absl::Seconds(3);
};

// Sends spans by OTLP over HTTP, as JSON, in batches. What waits is bounded: nobody who ends a span ever
// waits, and a span for which there is no room is dropped and counted. A batch that nobody takes is sent
// again, kTries times in all and later and later, and then dropped. The log says once a minute at most what
// is wrong.
class SpanExporter final : public SpanSink, public Step {
 public:
  static constexpr int kTries = 5;
  static constexpr absl::Duration kLongestPause = absl::Seconds(30);

  // The references outlive the exporter. INVALID_ARGUMENT for an endpoint that is none.
  static absl::StatusOr<std::unique_ptr<SpanExporter>> Make(SpanExporterOptions options, Clock& clock,
                                                            Rng& rng, Log& log, SpanCounters& counters);

  void Take(SpanRecord span) override;
  void LeftOut(int64_t spans) override { counters_.Dropped("batch", spans); }

  std::string_view name() const override { return "traces"; }
  // Sends one batch. Blocks for SpanExporterOptions::timeout at most.
  absl::Duration Run() override;
  WaitEvent& wake() override { return *wake_; }

  // Sends what waits, once and until `deadline` (Clock::Steady()), and drops the rest. To be called when the
  // step has ended.
  void Flush(absl::Duration deadline);

 private:
  SpanExporter(SpanExporterOptions options, HttpTarget target, Clock& clock, Rng& rng, Log& log,
               SpanCounters& counters);
  // Fills batch_, if nothing of it is left.
  void NextBatch();
  size_t waiting();
  // Whether the batch is done with, taken or refused; else why it is to be sent again.
  absl::Status Send(absl::Duration deadline);
  void Drop(std::string_view reason);
  void Complain(std::string_view what, const absl::Status& status);

  const SpanExporterOptions options_;
  const HttpTarget target_;
  Clock& clock_;
  Rng& rng_;
  Log& log_;
  SpanCounters& counters_;
  const std::unique_ptr<WaitEvent> wake_;
  // Only the step uses these.
  std::vector<SpanRecord> batch_;
  int tries_ = 0;
  int failures_ = 0;
  absl::Duration again_ = absl::ZeroDuration();
  absl::Duration complain_ = absl::ZeroDuration();
  std::mutex mutex_;
  std::deque<SpanRecord> queue_;
};

}  // namespace finalmile::telemetry
