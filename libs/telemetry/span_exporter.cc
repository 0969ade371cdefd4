#include "libs/telemetry/span_exporter.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "libs/base/status.h"

namespace finalmile::telemetry {
namespace {

constexpr std::string_view kReasons[] = {"queue_full", "unreachable", "refused", "batch", "stopping"};
constexpr absl::Duration kComplaints = absl::Minutes(1);

// The answers after which OTLP wants the same request again.
bool MayPass(int status) { return status == 429 || status == 502 || status == 503 || status == 504; }

}  // namespace

SpanCounters::SpanCounters(Metrics& metrics)
    : exported_(
          metrics.Counter("finalmile_spans_exported_total", "Spans that the receiver of traces took.")) {
  for (const std::string_view reason : kReasons) {
    dropped_.emplace(reason, metrics.Counter("finalmile_spans_dropped_total",
                                             "Spans that did not reach the receiver of traces, by reason.",
                                             {{"reason", std::string(reason)}}));
  }
}

void SpanCounters::Dropped(std::string_view reason, int64_t spans) {
  dropped_.at(reason).Add(static_cast<double>(spans));
}

absl::StatusOr<std::unique_ptr<SpanExporter>> SpanExporter::Make(SpanExporterOptions options, Clock& clock,
                                                                 Rng& rng, Log& log, SpanCounters& counters) {
  ASSIGN_OR_RETURN(HttpTarget target, ParseHttpTarget(options.endpoint));
  return std::unique_ptr<SpanExporter>(
      new SpanExporter(std::move(options), std::move(target), clock, rng, log, counters));
}

SpanExporter::SpanExporter(SpanExporterOptions options, HttpTarget target, Clock& clock, Rng& rng, Log& log,
                           SpanCounters& counters)
    : options_(std::move(options)),
      target_(std::move(target)),
      clock_(clock),
      rng_(rng),
      log_(log),
      counters_(counters),
      wake_(clock.NewWaitEvent()) {}

void SpanExporter::Take(SpanRecord span) {
  size_t waiting = 0;
  {
    std::lock_guard lock(mutex_);
    if (queue_.size() < options_.queue) {
      queue_.push_back(std::move(span));
      waiting = queue_.size();
    }
  }
  if (waiting == 0) counters_.Dropped("queue_full", 1);
  if (waiting == options_.batch) wake_->Set();
}

size_t SpanExporter::waiting() {
  std::lock_guard lock(mutex_);
  return queue_.size();
}

void SpanExporter::NextBatch() {
  if (!batch_.empty()) return;
  tries_ = 0;
  std::lock_guard lock(mutex_);
  const auto end = queue_.begin() + static_cast<ptrdiff_t>(std::min(queue_.size(), options_.batch));
  batch_.assign(std::make_move_iterator(queue_.begin()), std::make_move_iterator(end));
  queue_.erase(queue_.begin(), end);
}

absl::Duration SpanExporter::Run() {
  if (clock_.Steady() < again_) return again_;
  NextBatch();
  if (batch_.empty()) return clock_.Steady() + options_.interval;
  const absl::Status sent = Send(clock_.Steady() + options_.timeout);
  if (sent.ok()) {
    if (std::exchange(failures_, 0) > 0) log_.Info("spans are exported again");
    return waiting() >= options_.batch ? absl::ZeroDuration() : clock_.Steady() + options_.interval;
  }
  Complain("cannot export spans; it is tried again", sent);
  ++failures_;
  if (++tries_ == kTries) Drop("unreachable");
  const absl::Duration pause =
      std::min(options_.interval * (1 << std::min(failures_ - 1, 10)), kLongestPause);
  again_ = clock_.Steady() + pause * (0.5 + 0.5 * rng_.Uniform());
  return again_;
}

absl::Status SpanExporter::Send(absl::Duration deadline) {
  const auto spans = static_cast<int64_t>(batch_.size());
  ASSIGN_OR_RETURN(const HttpReply reply, HttpPost(target_, "application/json",
                                                   ToOtlp(batch_, options_.resource), clock_, deadline));
  if (MayPass(reply.status)) return absl::UnavailableError(fmt::format("the answer is {}", reply.status));
  if (reply.status < 200 || reply.status > 299) {
    Complain("the receiver of traces refuses spans",
             absl::FailedPreconditionError(fmt::format("the answer is {}", reply.status)));
    Drop("refused");
    return absl::OkStatus();
  }
  const int64_t rejected = std::min(RejectedSpans(reply.body), spans);
  counters_.Exported(spans - rejected);
  if (rejected > 0) counters_.Dropped("refused", rejected);
  batch_.clear();
  return absl::OkStatus();
}

void SpanExporter::Drop(std::string_view reason) {
  counters_.Dropped(reason, static_cast<int64_t>(batch_.size()));
  batch_.clear();
}

void SpanExporter::Complain(std::string_view what, const absl::Status& status) {
  if (clock_.Steady() < complain_) return;
  complain_ = clock_.Steady() + kComplaints;
  log_.Warning(what, {{"endpoint", options_.endpoint}, {"error", status.ToString()}});
}

void SpanExporter::Flush(absl::Duration deadline) {
  for (NextBatch(); !batch_.empty(); NextBatch()) {
    const absl::Duration now = clock_.Steady();
    absl::Status sent = absl::DeadlineExceededError("the process ends");
    if (now < deadline) sent = Send(std::min(deadline, now + options_.timeout));
    if (sent.ok()) continue;
    Complain("spans are dropped, since the process ends", sent);
    // A batch that nobody took now is not tried again.
    deadline = now;
    Drop("stopping");
  }
}

}  // namespace finalmile::telemetry
