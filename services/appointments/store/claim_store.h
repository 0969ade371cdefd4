#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/storage/table.h"
#include "services/appointments/domain/interval.h"

namespace finalmile::appointments::store {

enum class ClaimKind { kHold = 1, kAppointment = 2 };

// A host's time that is taken, by a hold or by a meeting. Whoever adds one has locked the host's row by an
// earlier statement, and has read the claims since: two sessions that look and insert in one statement both
// see the time free.
struct ClaimRow {
  // The id of the hold, or of the appointment.
  std::string id;
  ClaimKind kind = ClaimKind::kHold;
  // Id of the host.
  std::string host;
  // With its buffers, and without.
  domain::Interval busy;
  domain::Interval meeting;
  // When a hold expires; InfiniteFuture: it does not.
  absl::Time expire_time = absl::InfiniteFuture();
  // Principal name of who holds it; empty for an appointment.
  std::string holder;
};

// No claim is longer: a meeting with its buffers.
inline constexpr absl::Duration kLongestClaim = absl::Hours(12);

extern const storage::Table<ClaimRow> kClaims;

// Those of these hosts that are live at `now` and overlap with `within`: once it is settled, ClaimsIn reads
// them, by host.
using ClaimsByHost = std::map<std::string, std::vector<ClaimRow>>;
absl::StatusOr<storage::Deferred> DeferClaims(storage::Transaction& transaction,
                                              const std::vector<std::string>& hosts,
                                              const domain::Interval& within, absl::Time now);
absl::StatusOr<ClaimsByHost> ClaimsIn(const storage::Result& result);
// Those that exist, live or not.
absl::StatusOr<std::vector<ClaimRow>> ReadClaims(storage::Transaction& transaction,
                                                 const std::vector<std::string>& ids);
// The live holds of a principal.
absl::StatusOr<int64_t> CountHolds(storage::Transaction& transaction, const std::string& holder,
                                   absl::Time now);
// Deferred.
absl::Status DeleteClaims(storage::Transaction& transaction, const std::vector<std::string>& ids);
// Deletes the holds of a host that have expired, and what ended long ago. Deferred.
absl::Status DeleteStaleClaims(storage::Transaction& transaction, const std::string& host, absl::Time now);
// Deletes the holds of a host that overlap with `within`. Deferred.
absl::Status ReleaseHolds(storage::Transaction& transaction, const std::string& host,
                          const domain::Interval& within);

}  // namespace finalmile::appointments::store
