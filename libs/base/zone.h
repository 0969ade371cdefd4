#pragma once

#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace finalmile {

// The zone of that name in the zone database of this machine ("Europe/Berlin"), as tzdata.zi lists it: zones
// and links. INVALID_ARGUMENT: it lists none such. Zones are read once for each process, so that a new
// database counts after a restart. `TZDIR` names another folder than /usr/share/zoneinfo. Thread-safe; reads
// files.
absl::StatusOr<absl::TimeZone> LoadZone(std::string_view name);

}  // namespace finalmile
