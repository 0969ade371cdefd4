#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/storage/database.h"
#include "services/appointments/store/host_store.h"

// Whose turn it is to get a meeting that names no host (domain::RoutesBefore). All of these fail with
// FAILED_PRECONDITION where the team's zone is gone (ReadHours).
namespace finalmile::appointments::changes {

// The calendar month in the team's zone: "2026-12".
std::string RoutingMonth(absl::TimeZone zone, absl::Time time);

// `hosts` in the order of their turn this month at a meeting in this situation, whose mastery weighs turns;
// empty: none is known.
absl::StatusOr<std::vector<store::HostRow>> InTurn(storage::Transaction& transaction,
                                                   std::vector<store::HostRow> hosts,
                                                   const std::string& situation, absl::Time now);

// Credits a host that begins or comes back at `time`, for the month of that time, with what it lacks of the
// others' mean load (domain::CalibrationOf), so that it does not get every meeting until it has caught up.
// The caller holds the team's lock and writes the row.
absl::Status Calibrate(storage::Transaction& transaction, store::HostRow& host, absl::Time time);

}  // namespace finalmile::appointments::changes
