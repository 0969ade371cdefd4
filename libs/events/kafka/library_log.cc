#include "libs/events/kafka/library_log.h"

#include <syslog.h>

#include <string>

#include "libs/events/library_log.h"

namespace finalmile::events {
namespace {

LogTarget& TheTarget() {
  static LogTarget& target = *new LogTarget(LibraryLog::kPerSecond);
  return target;
}

}  // namespace

LibraryLog::LibraryLog(Log& log) : hold_(TheTarget(), log) {}

void kafka::WriteLibraryLine(const rd_kafka_s*, int level, const char* facility, const char* text) {
  // What goes wrong it tries again by itself.
  const Severity severity = level <= LOG_WARNING ? Severity::kWarning
                            : level <= LOG_INFO  ? Severity::kInfo
                                                 : Severity::kDebug;
  TheTarget().WriteLine([&](Log& log, int64_t left_out) {
    log.Write(severity, "librdkafka writes",
              {{"facility", facility}, {"text", text}, {"left_out", std::to_string(left_out)}});
  });
}

}  // namespace finalmile::events
