#include "libs/telemetry/logger.h"

#include <fmt/format.h>
#include <spdlog/details/null_mutex.h>
#include <spdlog/logger.h>
#include <spdlog/sinks/base_sink.h>
#include <unistd.h>

#include <mutex>
#include <optional>

#include "libs/base/trace_context.h"

namespace finalmile::telemetry {
namespace {

// Lines arrive complete; one write each, so that processes sharing the output do not mix within a line
// either.
class LineSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  explicit LineSink(std::FILE* output) : output_(output) {}

 protected:
  void sink_it_(const spdlog::details::log_msg& line) override {
    std::fwrite(line.payload.data(), 1, line.payload.size(), output_);
    std::fflush(output_);
  }
  void flush_() override { std::fflush(output_); }

 private:
  std::FILE* const output_;
};

spdlog::level::level_enum LevelOf(Severity severity) {
  switch (severity) {
    case Severity::kDebug:
      return spdlog::level::debug;
    case Severity::kInfo:
      return spdlog::level::info;
    case Severity::kWarning:
      return spdlog::level::warn;
    case Severity::kError:
      return spdlog::level::err;
  }
  return spdlog::level::err;
}

std::string_view NameOf(Severity severity) {
  switch (severity) {
    case Severity::kDebug:
      return "debug";
    case Severity::kInfo:
      return "info";
    case Severity::kWarning:
      return "warning";
    case Severity::kError:
      return "error";
  }
  return "error";
}

// The length of the well-formed UTF-8 character at the start of `text`; 0 when there is none.
size_t CharacterLength(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  const size_t length = first < 0x80   ? 1
                        : first < 0xC2 ? 0
                        : first < 0xE0 ? 2
                        : first < 0xF0 ? 3
                        : first < 0xF5 ? 4
                                       : 0;
  if (length > text.size()) return 0;
  for (size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
  }
  if (first == 0xE0 && byte(1) < 0xA0) return 0;
  if (first == 0xED && byte(1) > 0x9F) return 0;
  if (first == 0xF0 && byte(1) < 0x90) return 0;
  if (first == 0xF4 && byte(1) > 0x8F) return 0;
  return length;
}

void AppendJson(std::string& out, std::string_view text) {
  out += '"';
  while (!text.empty()) {
    const size_t length = CharacterLength(text);
    const char c = text.front();
    if (length == 0) {
      out += "\\ufffd";
    } else if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
      out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
    } else {
      out += text.substr(0, length);
    }
    text.remove_prefix(std::max<size_t>(length, 1));
  }
  out += '"';
}

bool Reserved(std::string_view name) {
  for (const std::string_view fixed : {"time", "level", "service", "message", "trace_id", "span_id"}) {
    if (name == fixed) return true;
  }
  return false;
}

std::string JsonLine(absl::Time time, Severity severity, std::string_view service, std::string_view message,
                     std::initializer_list<LogField> fields) {
  std::string line =
      fmt::format("{{\"time\":\"{}\",\"level\":\"{}\",\"service\":",
                  absl::FormatTime("%Y-%m-%dT%H:%M:%E6SZ", time, absl::UTCTimeZone()), NameOf(severity));
  AppendJson(line, service);
  line += ",\"message\":";
  AppendJson(line, message);
  for (const auto& [name, value] : fields) {
    line += ',';
    AppendJson(line, Reserved(name) ? fmt::format("_{}", name) : std::string(name));
    line += ':';
    AppendJson(line, value);
  }
  if (const std::optional<TraceContext>& trace = TraceScope::Current(); trace) {
    line += fmt::format(",\"trace_id\":\"{}\",\"span_id\":\"{}\"", trace->TraceId(), trace->SpanId());
  }
  line += "}\n";
  return line;
}

std::string TextLine(absl::Time time, Severity severity, std::string_view service, std::string_view message,
                     std::initializer_list<LogField> fields) {
  std::string line =
      fmt::format("{} {:7} {}: {}", absl::FormatTime("%H:%M:%E3S", time, absl::LocalTimeZone()),
                  NameOf(severity), service, message);
  for (const auto& [name, value] : fields) {
    line += fmt::format(" {}=", name);
    const bool plain = !value.empty() && value.find_first_of(" \"\\=\n") == std::string::npos;
    if (plain) {
      line += value;
    } else {
      AppendJson(line, value);
    }
  }
  if (const std::optional<TraceContext>& trace = TraceScope::Current(); trace)
    line += fmt::format(" trace_id={} span_id={}", trace->TraceId(), trace->SpanId());
  line += '\n';
  return line;
}

class SpdLogger final : public Logger {
 public:
  SpdLogger(std::string_view service, LogFormat format, std::shared_ptr<spdlog::logger> output, Clock& clock)
      : service_(service), format_(format), output_(std::move(output)), clock_(clock) {}

  void Write(Severity severity, std::string_view message, std::initializer_list<LogField> fields) override {
    const spdlog::level::level_enum level = LevelOf(severity);
    if (!output_->should_log(level)) return;
    const auto compose = format_ == LogFormat::kJson ? JsonLine : TextLine;
    const std::string line = compose(clock_.Now(), severity, service_, message, fields);
    output_->log(level, spdlog::string_view_t(line.data(), line.size()));
  }

  std::unique_ptr<Logger> Named(std::string_view service) const override {
    return std::make_unique<SpdLogger>(service, format_, output_, clock_);
  }

 private:
  const std::string service_;
  const LogFormat format_;
  const std::shared_ptr<spdlog::logger> output_;
  Clock& clock_;
};

}  // namespace

std::unique_ptr<Logger> NewLogger(std::string_view service, const LoggerOptions& options, Clock& clock) {
  auto output = std::make_shared<spdlog::logger>("finalmile", std::make_shared<LineSink>(options.output));
  output->set_level(LevelOf(options.level));
  return std::make_unique<SpdLogger>(service, options.format, std::move(output), clock);
}

LogFormat FormatFor(std::FILE* output) {
  return isatty(fileno(output)) ? LogFormat::kText : LogFormat::kJson;
}

LogField Field(std::string_view name, std::string_view value) { return {name, std::string(value)}; }
LogField Field(std::string_view name, const char* value) { return {name, value}; }
LogField Field(std::string_view name, int value) { return {name, fmt::format("{}", value)}; }
LogField Field(std::string_view name, int64_t value) { return {name, fmt::format("{}", value)}; }
LogField Field(std::string_view name, size_t value) { return {name, fmt::format("{}", value)}; }
LogField Field(std::string_view name, double value) { return {name, fmt::format("{}", value)}; }
LogField Field(std::string_view name, bool value) { return {name, value ? "true" : "false"}; }
LogField Field(std::string_view name, absl::Duration value) {
  return {name, fmt::format("{}", absl::ToDoubleSeconds(value))};
}
LogField Field(std::string_view name, absl::Time value) {
  return {name, absl::FormatTime("%Y-%m-%dT%H:%M:%E*SZ", value, absl::UTCTimeZone())};
}
LogField Field(std::string_view name, const absl::Status& value) { return {name, value.ToString()}; }

}  // namespace finalmile::telemetry
