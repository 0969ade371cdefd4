#pragma once

#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "libs/base/clock.h"
#include "libs/base/log.h"

namespace finalmile::telemetry {

enum class LogFormat { kJson, kText };

struct LoggerOptions {
  Severity level = Severity::kInfo;
  LogFormat format = LogFormat::kJson;
  // Stays open longer than the logger.
  std::FILE* output = stderr;
};

// A Log that writes one line per message: as JSON `{"time":…,"level":…,"service":…,"message":…,<fields>}`
// (time in UTC with microseconds; a field named like one of these gets a leading underscore), or as text for
// people. A line of a thread in a TraceScope ends with the fields trace_id and span_id. Lines of several
// loggers of one root do not mix. Thread-safe.
class Logger : public Log {
 public:
  // The same output under another service's name. The result may outlive this logger.
  virtual std::unique_ptr<Logger> Named(std::string_view service) const = 0;
};

// `clock` must outlive the logger and those named after it.
std::unique_ptr<Logger> NewLogger(std::string_view service, const LoggerOptions& options, Clock& clock);

// Text when `output` is a terminal, else JSON.
LogFormat FormatFor(std::FILE* output);

// Fields of a log line from typed values: Field("rows", 5), Field("took", absl::Seconds(1)). `name` must live
// as long as the call. Durations are written in seconds, instants in UTC.
LogField Field(std::string_view name, std::string_view value);
LogField Field(std::string_view name, const char* value);
LogField Field(std::string_view name, int value);
LogField Field(std::string_view name, int64_t value);
LogField Field(std::string_view name, size_t value);
LogField Field(std::string_view name, double value);
LogField Field(std::string_view name, bool value);
LogField Field(std::string_view name, absl::Duration value);
LogField Field(std::string_view name, absl::Time value);
// Code and message.
LogField Field(std::string_view name, const absl::Status& value);

}  // namespace finalmile::telemetry
