#include "libs/telemetry/otlp.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "absl/strings/numbers.h"

namespace finalmile::telemetry {
namespace {

using nlohmann::json;

constexpr int kStatusError = 2;

json ToValue(const SpanValue& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return {{"stringValue", *text}};
  if (const auto* number = std::get_if<int64_t>(&value)) return {{"intValue", fmt::format("{}", *number)}};
  return {{"boolValue", std::get<bool>(value)}};
}

std::string Nanos(absl::Time time) { return fmt::format("{}", absl::ToUnixNanos(time)); }

int FlagsOf(const TraceContext& context) { return context.sampled ? 1 : 0; }

json ToJson(const SpanRecord& span) {
  json one = {{"traceId", span.context.TraceId()},   {"spanId", span.context.SpanId()},
              {"flags", FlagsOf(span.context)},      {"name", span.name},
              {"kind", static_cast<int>(span.kind)}, {"startTimeUnixNano", Nanos(span.start)},
              {"endTimeUnixNano", Nanos(span.end)}};
  if (span.parent != 0) one["parentSpanId"] = fmt::format("{:016x}", span.parent);
  for (const auto& [name, value] : span.attributes)
    one["attributes"].push_back({{"key", name}, {"value", ToValue(value)}});
  for (const TraceContext& link : span.links) {
    one["links"].push_back(
        {{"traceId", link.TraceId()}, {"spanId", link.SpanId()}, {"flags", FlagsOf(link)}});
  }
  if (span.dropped_links > 0) one["droppedLinksCount"] = span.dropped_links;
  if (span.failed) one["status"] = {{"code", kStatusError}};
  return one;
}

json ToResource(std::string_view service, const ResourceAttributes& resource) {
  json attributes = json::array();
  attributes.push_back({{"key", "service.name"}, {"value", {{"stringValue", service}}}});
  for (const auto& [name, value] : resource)
    attributes.push_back({{"key", name}, {"value", {{"stringValue", value}}}});
  return {{"attributes", std::move(attributes)}};
}

}  // namespace

std::string ToOtlp(std::span<const SpanRecord> spans, const ResourceAttributes& resource) {
  std::map<std::string_view, json> by_service;
  for (const SpanRecord& span : spans) by_service[span.service].push_back(ToJson(span));
  json request = {{"resourceSpans", json::array()}};
  for (auto& [service, of_service] : by_service) {
    request["resourceSpans"].push_back({{"resource", ToResource(service, resource)},
                                        {"scopeSpans", json::array({{{"scope", {{"name", "finalmile"}}},
                                                                     {"spans", std::move(of_service)}}})}});
  }
  return request.dump(-1, ' ', false, json::error_handler_t::replace);
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
