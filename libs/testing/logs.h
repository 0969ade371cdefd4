#pragma once

#include <mutex>
#include <string>
#include <vector>

#include "libs/base/log.h"

namespace finalmile::testing {

// Drops everything. Thread-safe.
class NullLog final : public Log {
 public:
  void Write(Severity, std::string_view, std::initializer_list<LogField>) override {}
};

// Keeps every line as "message key=value …". Thread-safe.
class CapturingLog final : public Log {
 public:
  void Write(Severity severity, std::string_view message, std::initializer_list<LogField> fields) override;

  // Lines of at least `severity` that hold `text`.
  int Count(Severity severity, std::string_view text) const;
  std::vector<std::string> lines() const;

 private:
  mutable std::mutex mutex_;
  std::vector<std::pair<Severity, std::string>> lines_;
};

}  // namespace finalmile::testing
