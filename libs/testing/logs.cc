#include "libs/testing/logs.h"

#include <algorithm>

#include "fmt/format.h"

namespace finalmile::testing {

void CapturingLog::Write(Severity severity, std::string_view message,
                         std::initializer_list<LogField> fields) {
  std::string line(message);
  for (const auto& [name, value] : fields) line += fmt::format(" {}={}", name, value);
  std::lock_guard lock(mutex_);
  lines_.emplace_back(severity, std::move(line));
}

int CapturingLog::Count(Severity severity, std::string_view text) const {
  std::lock_guard lock(mutex_);
  return static_cast<int>(std::count_if(lines_.begin(), lines_.end(), [&](const auto& line) {
    return line.first >= severity && line.second.find(text) != std::string::npos;
  }));
}

std::vector<std::string> CapturingLog::lines() const {
  std::lock_guard lock(mutex_);
  std::vector<std::string> lines;
  lines.reserve(lines_.size());
  for (const auto& [severity, line] : lines_) lines.push_back(line);
  return lines;
}

}  // namespace finalmile::testing
