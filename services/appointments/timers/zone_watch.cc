#include "services/appointments/timers/zone_watch.h"

#include <algorithm>
#include <vector>

#include "libs/base/status.h"
#include "libs/base/zone.h"
#include "services/appointments/domain/zone.h"
#include "services/appointments/store/appointment_store.h"

namespace finalmile::appointments::timers {
namespace {

using store::AppointmentRow;

bool IsShifted(const AppointmentRow& row) {
  const absl::StatusOr<absl::TimeZone> zone = LoadZone(row.zone);
  return !zone.ok() || domain::WallTime(row.appointment.start, *zone) != row.wall_start;
}

absl::Status Mark(storage::Transaction& transaction, std::vector<domain::AppointmentId> ids, absl::Time now) {
  ASSIGN_OR_RETURN(const storage::Deferred locked,
                   store::kAppointments.DeferLock(transaction, storage::SortedUnique(std::move(ids))));
  RETURN_IF_ERROR(transaction.Settle());
  ASSIGN_OR_RETURN(std::vector<AppointmentRow> rows, store::kAppointments.Records(*locked));
  std::vector<const AppointmentRow*> changed;
  for (AppointmentRow& row : rows) {
    // It may have been changed before it was locked.
    if (IsShifted(row) == row.zone_shifted) continue;
    row.zone_shifted = !row.zone_shifted;
    ++row.version;
    row.update_time = now;
    changed.push_back(&row);
  }
  return changed.empty() ? absl::OkStatus() : store::kAppointments.Update(transaction, changed);
}

}  // namespace

absl::StatusOr<absl::Duration> ZoneWatch::Run(storage::Leadership& leadership) {
  struct Done {
    Place last;
    bool full = false;
  };
  const auto compare = [&](storage::Transaction& transaction, int rows) -> absl::StatusOr<Done> {
    const absl::Time now = clock_.Now();
    ASSIGN_OR_RETURN(const std::vector<AppointmentRow> planned,
                     store::PlannedAfter(transaction, std::max(now, after_.start), after_.id, rows));
    std::vector<domain::AppointmentId> wrong;
    for (const AppointmentRow& row : planned) {
      if (IsShifted(row) != row.zone_shifted) wrong.push_back(row.id);
    }
    if (!wrong.empty()) RETURN_IF_ERROR(Mark(transaction, std::move(wrong), now));
    Done done{.last = after_, .full = std::ssize(planned) == rows};
    if (!planned.empty()) done.last = {planned.back().appointment.start, planned.back().id};
    return done;
  };
  ASSIGN_OR_RETURN(const Done done, outbox::RunChunk(leadership, clock_, chunk_, compare));
  after_ = done.full ? done.last : Place{absl::InfinitePast(), domain::AppointmentId()};
  return done.full ? absl::ZeroDuration() : absl::InfiniteDuration();
}

}  // namespace finalmile::appointments::timers
