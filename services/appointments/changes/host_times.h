#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/storage/database.h"
#include "services/appointments/domain/slots.h"
#include "services/appointments/store/host_store.h"
#include "services/appointments/store/team_store.h"

// When hosts can be booked, and taking one of these times. What is offered and what is booked is read and
// decided here alone.
namespace finalmile::appointments::changes {

// A host with what the host has already.
struct HostTimes {
  store::HostRow row;
  domain::HostRules rules;
  domain::HostLoad load;
};

// The times of these hosts, in their order, with what overlaps with `within` or is on the days that it
// touches. The claims in `own` are left out.
absl::StatusOr<std::vector<HostTimes>> ReadHostTimes(storage::Transaction& transaction,
                                                     const std::vector<store::HostRow>& hosts,
                                                     const domain::Interval& within, absl::Time now,
                                                     const std::vector<std::string>& own = {});

struct FreeTime {
  absl::Time start;
  // Index of the host.
  size_t host = 0;
};
// Soonest first, at one time in the order of the hosts; at most `limit`.
std::vector<FreeTime> FreeTimes(const std::vector<HostTimes>& hosts, absl::Duration length,
                                const domain::Interval& within, absl::Time now, size_t limit);

// A time that somebody wants.
struct SlotRequest {
  domain::Interval meeting;
  // Id of the host; empty: whose turn it is of those who are free.
  std::string host;
  // In that case, this one before all others; may be empty.
  std::string first;
  // Claims that are given up for it.
  std::vector<std::string> own;
  // The notice that the host wants counts from then: now, or when the time was held.
  absl::Time asked;
  // The meeting is in this situation; it is empty where none is known, as of a time that is held.
  std::string situation = {};
};

// Locks the host of the time, and before it, where the request names no host, the team; the time is free, and
// whoever inserts its claim in this transaction has it. Errors as AppointmentService says, with alternatives.
absl::StatusOr<HostTimes> LockSlot(storage::Transaction& transaction, const SlotRequest& request,
                                   absl::Time now);

// `error` with up to five times at which the meeting could be booked instead, of the host, and of all where
// it has none; another error where these cannot be read.
absl::Status WithAlternatives(storage::Transaction& transaction, absl::Status error,
                              const SlotRequest& request, absl::Time now);

}  // namespace finalmile::appointments::changes
