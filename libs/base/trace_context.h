#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace finalmile {

// The identity of a unit of work within a trace (W3C Trace Context, level 1: the header `traceparent`).
struct TraceContext {
  // 16 bytes, not all zero.
  uint64_t trace_high = 0;
  uint64_t trace_low = 0;
  // Not zero.
  uint64_t span = 0;
  bool sampled = false;

  // 32 and 16 hex digits.
  std::string TraceId() const;
  std::string SpanId() const;
  // Always 55 bytes: "00-<32 hex digits>-<16 hex digits>-<01 or 00>".
  std::string ToString() const;
  bool operator==(const TraceContext&) const = default;
};

// nullopt when `traceparent` is malformed: it is ignored then. Higher versions are read as far as version 00
// goes, as §3.2.4 of the standard wants; what they add is dropped.
std::optional<TraceContext> ParseTraceparent(std::string_view traceparent);

// While it lives, what its thread does belongs to this trace, or to none: log lines name it. Scopes of one
// thread nest.
class TraceScope {
 public:
  explicit TraceScope(const std::optional<TraceContext>& trace);
  ~TraceScope();
  TraceScope(const TraceScope&) = delete;
  TraceScope& operator=(const TraceScope&) = delete;

  // The context of the calling thread.
  static const std::optional<TraceContext>& Current();

 private:
  std::optional<TraceContext> before_;
};

}  // namespace finalmile
