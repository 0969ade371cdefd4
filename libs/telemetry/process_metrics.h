#pragma once

#include <string>

namespace finalmile::telemetry {

// The usual metrics of this process in Prometheus's text format: processor time, memory, file descriptors,
// threads and start. Read from /proc; what cannot be read is left out. Thread-safe.
std::string ProcessMetrics();

}  // namespace finalmile::telemetry
