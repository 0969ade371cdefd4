#pragma once

#include <memory>
#include <string_view>

#include "absl/status/statusor.h"
#include "libs/events/event_log.h"

namespace finalmile::events {

// A durable log in one SQLite file for one process. Appends of several threads share a transaction, and
// return after its fsync. Groups live in the process: a member is put out only by being destroyed, and Report
// has no effect. Records are kept until their topic's retention has passed, and are trimmed by a step in
// bounded pieces.
//
// Events given to Join and OpenTail are set from the appending threads.
absl::StatusOr<std::unique_ptr<EventLog>> OpenLocal(std::string_view path, Clock& clock);

}  // namespace finalmile::events
