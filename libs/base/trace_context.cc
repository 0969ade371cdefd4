#include "libs/base/trace_context.h"

#include <fmt/format.h>

namespace finalmile {
namespace {

// Lower case only, as the standard demands.
std::optional<uint64_t> ParseHex(std::string_view digits) {
  uint64_t value = 0;
  for (const char c : digits) {
    if (c >= '0' && c <= '9') {
      value = value << 4 | static_cast<uint64_t>(c - '0');
    } else if (c >= 'a' && c <= 'f') {
      value = value << 4 | static_cast<uint64_t>(c - 'a' + 10);
    } else {
      return std::nullopt;
    }
  }
  return value;
}

thread_local std::optional<TraceContext> current;

}  // namespace

std::string TraceContext::TraceId() const { return fmt::format("{:016x}{:016x}", trace_high, trace_low); }
std::string TraceContext::SpanId() const { return fmt::format("{:016x}", span); }
std::string TraceContext::ToString() const {
  return fmt::format("00-{}-{}-{:02x}", TraceId(), SpanId(), sampled ? 1 : 0);
}

TraceScope::TraceScope(const std::optional<TraceContext>& trace) : before_(current) { current = trace; }
TraceScope::~TraceScope() { current = before_; }
const std::optional<TraceContext>& TraceScope::Current() { return current; }

std::optional<TraceContext> ParseTraceparent(std::string_view text) {
  constexpr size_t kLength = 55;
  if (text.size() < kLength || text[2] != '-' || text[35] != '-' || text[52] != '-') return std::nullopt;
  const auto version = ParseHex(text.substr(0, 2));
  const auto high = ParseHex(text.substr(3, 16));
  const auto low = ParseHex(text.substr(19, 16));
  const auto span = ParseHex(text.substr(36, 16));
  const auto flags = ParseHex(text.substr(53, 2));
  if (!version || !high || !low || !span || !flags || *version == 0xff) return std::nullopt;
  if (text.size() > kLength && (*version == 0 || text[kLength] != '-')) return std::nullopt;
  if ((*high == 0 && *low == 0) || *span == 0) return std::nullopt;
  return TraceContext{*high, *low, *span, (*flags & 1) != 0};
}

}  // namespace finalmile
