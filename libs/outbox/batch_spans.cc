#include "libs/outbox/batch_spans.h"

#include <fmt/format.h>

namespace finalmile::outbox {
namespace {

constexpr std::string_view kHeader = "traceparent";

}  // namespace

std::optional<TraceContext> TraceOf(const events::Headers& headers) {
  for (const auto& [name, value] : headers) {
    if (name == kHeader) return ParseTraceparent(value);
  }
  return std::nullopt;
}

void SetTrace(const std::optional<TraceContext>& trace, events::Headers& headers) {
  if (!trace) return;
  std::erase_if(headers, [](const auto& header) { return header.first == kHeader; });
  headers.emplace_back(kHeader, trace->ToString());
}

BatchSpans::BatchSpans(Tracer* tracer, SpanKind kind, std::string_view verb, std::string_view system)
    : tracer_(tracer), kind_(kind), verb_(verb), system_(system) {}

BatchSpans::~BatchSpans() { End(absl::UnknownError("nobody said")); }

void BatchSpans::Add(std::string_view topic, const events::Headers& headers) {
  if (tracer_ == nullptr) return;
  const std::optional<TraceContext> trace = TraceOf(headers);
  if (!trace) return;
  Key key = KeyOf(*trace, topic);
  auto found = spans_.find(key);
  if (found == spans_.end()) {
    if (!tracer_->Samples(*trace)) return;
    if (spans_.size() == kMostSpans) return tracer_->sink().LeftOut(1);
    Span span = tracer_->Start(fmt::format("{} {}", verb_, topic), kind_, trace);
    found = spans_.emplace(std::move(key), One{std::move(span), 0}).first;
  }
  ++found->second.records;
  found->second.span.Link(*trace);
}

void BatchSpans::AddToSend(std::vector<events::Message>& messages) {
  if (tracer_ == nullptr) return;
  for (const events::Message& message : messages) Add(message.topic, message.headers);
  for (events::Message& message : messages)
    SetTrace(TraceFor(message.topic, message.headers), message.headers);
}

std::optional<TraceContext> BatchSpans::TraceFor(std::string_view topic,
                                                 const events::Headers& headers) const {
  std::optional<TraceContext> trace = TraceOf(headers);
  if (!trace || spans_.empty()) return trace;
  const auto found = spans_.find(KeyOf(*trace, topic));
  return found == spans_.end() ? trace : found->second.span.context();
}

void BatchSpans::End(const absl::Status& status) {
  for (auto& [key, one] : spans_) {
    Span& span = one.span;
    if (!span) continue;
    span.Set("messaging.system", system_);
    span.Set("messaging.operation.name", verb_);
    span.Set("messaging.operation.type", verb_);
    span.Set("messaging.destination.name", std::get<2>(key));
    span.Set("messaging.batch.message_count", one.records);
    if (!status.ok()) {
      span.Set("error.type", absl::StatusCodeToString(status.code()));
      span.Fail();
    }
    span.End();
  }
}

}  // namespace finalmile::outbox
