#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "libs/base/random.h"

namespace finalmile::telemetry {

// The identity of a unit of work within a trace (W3C Trace Context, level 1: the header `traceparent`).
struct TraceContext {
  // 16 bytes, not all zero.
  uint64_t trace_high = 0;
  uint64_t trace_low = 0;
  // Not zero.
  uint64_t span = 0;
  bool sampled = false;

  // "00-<32 hex digits>-<16 hex digits>-<01 or 00>".
  std::string ToString() const;
  bool operator==(const TraceContext&) const = default;
};

// nullopt when `traceparent` is malformed: it is ignored then. Higher versions are read as far as version 00
// goes, as §3.2.4 of the standard wants.
std::optional<TraceContext> ParseTraceparent(std::string_view traceparent);

// A trace that starts here.
TraceContext NewTrace(Rng& rng, bool sampled);

// A unit of work inside `parent`.
TraceContext ChildOf(const TraceContext& parent, Rng& rng);

// What to send on: a child of `traceparent`, or a new unsampled trace when it is absent or malformed.
std::string Propagate(std::string_view traceparent, Rng& rng);

}  // namespace finalmile::telemetry
