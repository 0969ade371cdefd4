#include "libs/base/span.h"

#include <cmath>

namespace finalmile {
namespace {

constexpr size_t kUsualAttributes = 6;

thread_local Tracer* recording_tracer = nullptr;

uint64_t NotZero(Rng& rng) {
  uint64_t drawn = 0;
  while (drawn == 0) drawn = rng.Next();
  return drawn;
}

}  // namespace

bool Sampler::Samples(const std::optional<TraceContext>& parent, uint64_t trace_low) const {
  if (parent_based && parent) return parent->sampled;
  if (ratio >= 1) return true;
  // As the samplers of OpenTelemetry for Go and Java do: the lower 63 bits of the id.
  return static_cast<double>(trace_low & ~(uint64_t{1} << 63)) < std::ldexp(ratio, 63);
}

std::optional<TraceContext> Span::context() const {
  return recording_ == nullptr ? std::nullopt : std::optional(recording_->record.context);
}

void Span::Add(std::string_view name, SpanValue value) {
  auto& attributes = recording_->record.attributes;
  if (attributes.size() < kMostAttributes) attributes.emplace_back(name, std::move(value));
}

void Span::Set(std::string_view name, std::string_view value) {
  if (recording_ != nullptr) Add(name, std::string(value.substr(0, kLongestText)));
}

void Span::Set(std::string_view name, int64_t value) {
  if (recording_ != nullptr) Add(name, value);
}

void Span::Set(std::string_view name, bool value) {
  if (recording_ != nullptr) Add(name, value);
}

void Span::Link(const TraceContext& other) {
  if (recording_ == nullptr) return;
  SpanRecord& record = recording_->record;
  if (record.links.size() < kMostLinks) {
    record.links.push_back(other);
  } else {
    ++record.dropped_links;
  }
}

void Span::Fail() {
  if (recording_ != nullptr) recording_->record.failed = true;
}

void Span::End() {
  if (recording_ == nullptr) return;
  const std::unique_ptr<Recording> ended = std::move(recording_);
  // The wall clock may jump meanwhile.
  ended->record.end = ended->record.start + (ended->tracer.clock_.Steady() - ended->begin);
  ended->tracer.sink_.Take(std::move(ended->record));
}

Tracer::Tracer(std::string service, Clock& clock, Rng& rng, const Sampler& sampler, SpanSink& sink)
    : service_(std::move(service)), clock_(clock), rng_(rng), sampler_(sampler), sink_(sink) {}

Span Tracer::Start(std::string_view name, SpanKind kind, const std::optional<TraceContext>& parent) {
  Span span;
  TraceContext context;
  if (parent) {
    context = *parent;
  } else {
    context.trace_high = rng_.Next();
    context.trace_low = NotZero(rng_);
  }
  if (!sampler_.Samples(parent, context.trace_low)) return span;
  context.span = NotZero(rng_);
  context.sampled = true;
  // NOLINTNEXTLINE(modernize-make-unique): Clang 14 makes no aggregate that way.
  span.recording_.reset(new Span::Recording{*this, clock_.Steady(), {}});
  SpanRecord& record = span.recording_->record;
  record.service = service_;
  record.context = context;
  record.parent = parent ? parent->span : 0;
  record.name = name;
  record.kind = kind;
  record.start = clock_.Now();
  record.attributes.reserve(kUsualAttributes);
  return span;
}

SpanScope::SpanScope(Tracer* tracer, const std::optional<TraceContext>& trace)
    : trace_(trace), before_(std::exchange(recording_tracer, tracer)) {}

SpanScope::~SpanScope() { recording_tracer = before_; }

Tracer* SpanScope::Recording() { return TraceScope::Current() ? recording_tracer : nullptr; }

ChildSpan::ChildSpan(std::string_view name, SpanKind kind) {
  Tracer* const tracer = SpanScope::Recording();
  if (tracer == nullptr) return;
  span_ = tracer->Start(name, kind, TraceScope::Current());
  if (span_) scope_.emplace(tracer, span_.context());
}

}  // namespace finalmile
