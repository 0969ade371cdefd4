#include "libs/events/kafka/library_log.h"

#include <syslog.h>

#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "libs/base/clock.h"
#include "libs/base/line_budget.h"
#include "libs/events/library_log.h"

namespace finalmile::events {
namespace {

struct Target {
  std::mutex mutex;
  Log* log = nullptr;
  const std::unique_ptr<Clock> clock = NewSystemClock();
  LineBudget lines{*clock, LibraryLog::kPerSecond};
};

Target& TheTarget() {
  // librdkafka's threads may write until the very end.
  static Target& target = *new Target;
  return target;
}

}  // namespace

LibraryLog::LibraryLog(Log& log) : log_(log) {
  Target& target = TheTarget();
  std::lock_guard lock(target.mutex);
  target.log = &log;
}

LibraryLog::~LibraryLog() {
  Target& target = TheTarget();
  std::lock_guard lock(target.mutex);
  if (target.log == &log_) target.log = nullptr;
}

void kafka::WriteLibraryLine(const rd_kafka_s*, int level, const char* facility, const char* text) {
  Target& target = TheTarget();
  std::lock_guard lock(target.mutex);
  if (target.log == nullptr) return;
  const std::optional<int64_t> left_out = target.lines.Take();
  if (!left_out) return;
  // What goes wrong it tries again by itself.
  const Severity severity = level <= LOG_WARNING ? Severity::kWarning
                            : level <= LOG_INFO  ? Severity::kInfo
                                                 : Severity::kDebug;
  target.log->Write(severity, "librdkafka writes",
                    {{"facility", facility}, {"text", text}, {"left_out", std::to_string(*left_out)}});
}

}  // namespace finalmile::events
