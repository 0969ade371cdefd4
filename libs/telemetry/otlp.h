#pragma once

#include <span>
#include <string>
#include <utility>
#include <vector>

#include "libs/base/span.h"

namespace finalmile::telemetry {

// Attributes that every span of this process has: name and value.
using ResourceAttributes = std::vector<std::pair<std::string, std::string>>;

// An ExportTraceServiceRequest of OTLP as JSON, by its mapping of protobuf: ids in hex, 64-bit numbers as
// text. The spans of each service stand below a resource of their own, whose service.name is that service.
// Bytes that are not UTF-8 become U+FFFD. Thread-safe.
std::string ToOtlp(std::span<const SpanRecord> spans, const ResourceAttributes& resource);

// How many spans the receiver says that it did not take, in the JSON object that `answer` holds (an
// ExportTraceServiceResponse); 0 where it says nothing.
int64_t RejectedSpans(std::string_view answer);

}  // namespace finalmile::telemetry
