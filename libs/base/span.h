#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "absl/time/time.h"
#include "libs/base/clock.h"
#include "libs/base/random.h"
#include "libs/base/trace_context.h"

// What the process did for a trace, and for how long. No personal data, secrets or bodies in names and
// attributes.
namespace finalmile {

// Numbered as OTLP does.
enum class SpanKind { kInternal = 1, kServer = 2, kProducer = 4, kConsumer = 5 };

using SpanValue = std::variant<std::string, int64_t, bool>;

// A span that has ended.
struct SpanRecord {
  // The tracer's, which lives as long as what takes its spans.
  std::string_view service;
  TraceContext context;
  // 0: the span begins its trace.
  uint64_t parent = 0;
  std::string name;
  SpanKind kind = SpanKind::kInternal;
  absl::Time start;
  absl::Time end;
  // The names are constants.
  std::vector<std::pair<std::string_view, SpanValue>> attributes;
  // Other spans that led to this one.
  std::vector<TraceContext> links;
  int64_t dropped_links = 0;
  bool failed = false;
};

// Takes spans that have ended. Thread-safe; does not block.
class SpanSink {
 public:
  virtual ~SpanSink() = default;
  virtual void Take(SpanRecord span) = 0;
  // So many spans were not begun, since their batch has too many already.
  virtual void LeftOut(int64_t spans) = 0;
};

// Which traces are recorded.
struct Sampler {
  // The share of the traces, 0 to 1; they are chosen by their ids, so that every process chooses the same
  // ones.
  double ratio = 1;
  // True: a trace that came with a call or a record is recorded if its beginner records it.
  bool parent_based = true;

  bool Samples(const std::optional<TraceContext>& parent, uint64_t trace_low) const;
};

class Tracer;

// A piece of work that is under way, or nothing where it is not recorded. It ends when it is destroyed. One
// thread at a time.
class Span {
 public:
  static constexpr size_t kMostAttributes = 16;
  static constexpr size_t kMostLinks = 32;
  // Bytes of an attribute's text; the rest is cut off.
  static constexpr size_t kLongestText = 256;

  Span() = default;
  ~Span() { End(); }
  Span(Span&&) noexcept = default;
  Span& operator=(Span&& other) noexcept {
    End();
    recording_ = std::move(other.recording_);
    return *this;
  }

  // Whether it is recorded; else all that follows does nothing.
  explicit operator bool() const { return recording_ != nullptr; }
  // nullopt where it is not recorded, or has ended.
  std::optional<TraceContext> context() const;
  // `name` is a constant. Beyond kMostAttributes nothing is set.
  void Set(std::string_view name, std::string_view value);
  void Set(std::string_view name, const char* value) { Set(name, std::string_view(value)); }
  void Set(std::string_view name, int64_t value);
  void Set(std::string_view name, int value) { Set(name, int64_t{value}); }
  void Set(std::string_view name, bool value);
  // Links beyond kMostLinks are counted only.
  void Link(const TraceContext& other);
  void Fail();
  void End();

 private:
  friend class Tracer;
  struct Recording {
    Tracer& tracer;
    absl::Duration begin;
    SpanRecord record;
  };

  void Add(std::string_view name, SpanValue value);

  std::unique_ptr<Recording> recording_;
};

// Begins the spans of one service. Thread-safe.
class Tracer {
 public:
  // `service` is its name in traces. The references outlive the tracer, and the tracer its spans.
  Tracer(std::string service, Clock& clock, Rng& rng, const Sampler& sampler, SpanSink& sink);

  // Begins a span below `parent`, or of a new trace. A trace that is not sampled gets none, and no identity
  // of ours either: what its caller sent is passed on as it came.
  Span Start(std::string_view name, SpanKind kind, const std::optional<TraceContext>& parent);
  // Whether what belongs to `trace` is recorded.
  bool Samples(const TraceContext& trace) const { return sampler_.Samples(trace, trace.trace_low); }
  SpanSink& sink() const { return sink_; }

 private:
  friend class Span;

  const std::string service_;
  Clock& clock_;
  Rng& rng_;
  const Sampler sampler_;
  SpanSink& sink_;
};

// While it lives, what its thread does belongs to `trace`, as in a TraceScope, and ChildSpans are begun by
// `tracer`; null: none are.
class SpanScope {
 public:
  SpanScope(Tracer* tracer, const std::optional<TraceContext>& trace);
  ~SpanScope();
  SpanScope(const SpanScope&) = delete;
  SpanScope& operator=(const SpanScope&) = delete;

  // The tracer of the calling thread; null where nothing is recorded.
  static Tracer* Recording();

 private:
  const TraceScope trace_;
  Tracer* const before_;
};

// A span below what the thread does, and the thread's own while it lives; nothing where that is not recorded.
class ChildSpan {
 public:
  ChildSpan(std::string_view name, SpanKind kind);

  explicit operator bool() const { return static_cast<bool>(span_); }
  Span* operator->() { return &span_; }

 private:
  Span span_;
  std::optional<SpanScope> scope_;
};

}  // namespace finalmile
