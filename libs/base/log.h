#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace finalmile {

enum class Severity { kDebug, kInfo, kWarning, kError };

using LogField = std::pair<std::string_view, std::string>;

// Where a library tells what happened. Thread-safe; does not block on I/O for long.
// No personal data, secrets or record bodies in messages or fields.
class Log {
 public:
  virtual ~Log() = default;
  // `message` is a constant sentence; what varies goes into `fields`.
  virtual void Write(Severity severity, std::string_view message, std::initializer_list<LogField> fields) = 0;

  void Info(std::string_view message, std::initializer_list<LogField> fields = {}) {
    Write(Severity::kInfo, message, fields);
  }
  void Warning(std::string_view message, std::initializer_list<LogField> fields = {}) {
    Write(Severity::kWarning, message, fields);
  }
  void Error(std::string_view message, std::initializer_list<LogField> fields = {}) {
    Write(Severity::kError, message, fields);
  }
};

}  // namespace finalmile
