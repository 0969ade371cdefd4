#include "libs/telemetry/otlp.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"

namespace finalmile::telemetry {
namespace {

using nlohmann::json;

constexpr int kStatusError = 2;

// Spans are many: a tree of JSON costs some ten times as much.
class Writer {
 public:
  void Raw(std::string_view text) { out_ += text; }
  template <class... Args>
  void Format(fmt::format_string<Args...> format, Args&&... args) {
    fmt::format_to(std::back_inserter(out_), format, std::forward<Args>(args)...);
  }
  // In quotes.
  void Text(std::string_view text) {
    out_ += json(text).dump(-1, ' ', false, json::error_handler_t::replace);
  }
  // A comma before all elements of a list but the first.
  void Next(bool& first) {
    if (!std::exchange(first, false)) out_ += ',';
  }
  std::string Take() { return std::move(out_); }

 private:
  std::string out_;
};

void WriteAttribute(Writer& out, std::string_view name, const SpanValue& value) {
  out.Raw(R"({"key":)");
  out.Text(name);
  if (const auto* text = std::get_if<std::string>(&value)) {
    out.Raw(R"(,"value":{"stringValue":)");
    out.Text(*text);
  } else if (const auto* number = std::get_if<int64_t>(&value)) {
    out.Format(R"(,"value":{{"intValue":"{}")", *number);
  } else {
    out.Format(R"(,"value":{{"boolValue":{})", std::get<bool>(value));
  }
  out.Raw("}}");
}

int FlagsOf(const TraceContext& context) { return context.sampled ? 1 : 0; }

void WriteIdentity(Writer& out, const TraceContext& context) {
  out.Format(R"({{"traceId":"{:016x}{:016x}","spanId":"{:016x}","flags":{})", context.trace_high,
             context.trace_low, context.span, FlagsOf(context));
}

void WriteSpan(Writer& out, const SpanRecord& span) {
  WriteIdentity(out, span.context);
  if (span.parent != 0) out.Format(R"(,"parentSpanId":"{:016x}")", span.parent);
  out.Raw(R"(,"name":)");
  out.Text(span.name);
  out.Format(R"(,"kind":{},"startTimeUnixNano":"{}","endTimeUnixNano":"{}")", static_cast<int>(span.kind),
             absl::ToUnixNanos(span.start), absl::ToUnixNanos(span.end));
  bool first = true;
  for (const auto& [name, value] : span.attributes) {
    out.Raw(first ? R"(,"attributes":[)" : "");
    out.Next(first);
    WriteAttribute(out, name, value);
  }
  out.Raw(first ? "" : "]");
  first = true;
  for (const TraceContext& link : span.links) {
    out.Raw(first ? R"(,"links":[)" : "");
    out.Next(first);
    WriteIdentity(out, link);
    out.Raw("}");
  }
  out.Raw(first ? "" : "]");
  if (span.dropped_links > 0) out.Format(R"(,"droppedLinksCount":{})", span.dropped_links);
  if (span.failed) out.Format(R"(,"status":{{"code":{}}})", kStatusError);
  out.Raw("}");
}

}  // namespace

std::string ToOtlp(std::span<const SpanRecord> spans, const ResourceAttributes& resource) {
  std::map<std::string_view, std::vector<const SpanRecord*>> by_service;
  for (const SpanRecord& span : spans) by_service[span.service].push_back(&span);
  Writer out;
  out.Raw(R"({"resourceSpans":[)");
  bool first = true;
  for (const auto& [service, of_service] : by_service) {
    out.Next(first);
    out.Raw(R"({"resource":{"attributes":[)");
    WriteAttribute(out, "service.name", std::string(service));
    for (const auto& [name, value] : resource) {
      out.Raw(",");
      WriteAttribute(out, name, value);
    }
    out.Raw(R"(]},"scopeSpans":[{"scope":{"name":"finalmile"},"spans":[)");
    bool first_span = true;
    for (const SpanRecord* span : of_service) {
      out.Next(first_span);
      WriteSpan(out, *span);
    }
    out.Raw("]}]}");
  }
  out.Raw("]}");
  return out.Take();
}

int64_t RejectedSpans(std::string_view answer) {
  // However its transfer was framed.
  const size_t begin = std::min(answer.find('{'), answer.size());
  const size_t end = answer.rfind('}');
  if (end == std::string_view::npos || end < begin) return 0;
  const json parsed = json::parse(answer.substr(begin, end - begin + 1), nullptr, /*allow_exceptions=*/false);
  const auto rejected = json::json_pointer("/partialSuccess/rejectedSpans");
  if (!parsed.is_object() || !parsed.contains(rejected)) return 0;
  const json& count = parsed[rejected];
  int64_t value = 0;
  if (count.is_number_integer()) return std::max<int64_t>(0, count.get<int64_t>());
  return count.is_string() && absl::SimpleAtoi(count.get_ref<const std::string&>(), &value)
             ? std::max<int64_t>(0, value)
             : 0;
}

}  // namespace finalmile::telemetry
