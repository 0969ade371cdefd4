#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "absl/status/status.h"
#include "libs/base/span.h"
#include "libs/events/event_log.h"

namespace finalmile::outbox {

// The trace that a record carries in its header `traceparent`; nullopt: none, or a malformed one.
std::optional<TraceContext> TraceOf(const events::Headers& headers);
// Puts `trace` in place of what the headers carry; nullopt: they stay.
void SetTrace(const std::optional<TraceContext>& trace, events::Headers& headers);

// The spans of a batch of records that are sent or processed together. A span belongs to one trace, and so a
// batch has one for each trace and topic among its records, with a link to each of them; what follows from a
// record goes below the span of its trace. Records without a trace, and those of traces that are not sampled,
// have none. Lives as long as the work on the batch; one thread at a time.
class BatchSpans {
 public:
  // Records of traces beyond so many get no span: they keep the trace that they carry, and are counted
  // (SpanSink::LeftOut).
  static constexpr size_t kMostSpans = 128;

  // `verb`: "send" or "process"; `system`: events::EventLog::system(). `tracer` outlives it; null: nothing is
  // recorded.
  BatchSpans(Tracer* tracer, SpanKind kind, std::string_view verb, std::string_view system);
  // Ends the spans; a batch whose outcome nobody told has failed.
  ~BatchSpans();
  BatchSpans(const BatchSpans&) = delete;
  BatchSpans& operator=(const BatchSpans&) = delete;

  void Add(std::string_view topic, const events::Headers& headers);
  // Adds the records of a batch that is to be sent, and puts the trace of its span in place of what each
  // carries.
  void AddToSend(std::vector<events::Message>& messages);
  // The trace that what follows from a record belongs to: the span of its trace, or what it carries itself.
  std::optional<TraceContext> TraceFor(std::string_view topic, const events::Headers& headers) const;
  // Sets an attribute of every span; `name` is a constant.
  template <class Value>
  void Set(std::string_view name, const Value& value) {
    for (auto& [key, one] : spans_) one.span.Set(name, value);
  }
  // How the work on the batch ended.
  void End(const absl::Status& status);

  Tracer* tracer() const { return tracer_; }

 private:
  // Halves of the trace's id, topic.
  using Key = std::tuple<uint64_t, uint64_t, std::string>;
  struct One {
    Span span;
    int64_t records = 0;
  };
  static Key KeyOf(const TraceContext& trace, std::string_view topic) {
    return {trace.trace_high, trace.trace_low, std::string(topic)};
  }

  Tracer* const tracer_;
  const SpanKind kind_;
  const std::string_view verb_;
  const std::string_view system_;
  std::map<Key, One> spans_;
};

}  // namespace finalmile::outbox
