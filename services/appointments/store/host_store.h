#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/storage/table.h"
#include "services/appointments/domain/host.h"

namespace finalmile::appointments::store {

struct HostRow {
  // The name of its principal: "kim" of hosts/kim.
  std::string id;
  // Grows with every change; its etag.
  int64_t version = 1;
  domain::Host host;
  // What routing credits the host with in that month, "2026-12" (changes::Calibrate).
  double calibration = 0;
  std::string calibration_month;
  absl::Time create_time = absl::UnixEpoch();
  absl::Time update_time = absl::UnixEpoch();
};

extern const storage::Table<HostRow> kHosts;

// Those that exist, in any order.
absl::StatusOr<std::vector<HostRow>> ReadHosts(storage::Transaction& transaction,
                                               const std::vector<std::string>& ids);
// The same, locked in order.
absl::StatusOr<std::vector<HostRow>> LockHosts(storage::Transaction& transaction,
                                               std::vector<std::string> ids);
// At most `limit` of all, in order of id, behind `after`.
absl::StatusOr<std::vector<HostRow>> ListHosts(storage::Transaction& transaction, const std::string& after,
                                               int limit);
// The active hosts whose weight is not 0, in order of id.
absl::StatusOr<std::vector<HostRow>> RoutedHosts(storage::Transaction& transaction);
absl::StatusOr<int64_t> CountHosts(storage::Transaction& transaction);

struct TimeOffRow {
  std::string id;
  // Id of the host.
  std::string host;
  absl::Time start_time = absl::UnixEpoch();
  absl::Time end_time = absl::UnixEpoch();
  // When the host's return is to be counted (changes::Calibrate); InfiniteFuture: not at all, or done.
  absl::Time due_time = absl::InfiniteFuture();
};

extern const storage::Table<TimeOffRow> kTimeOff;

// What a host is away that ends after `now`.
absl::StatusOr<int64_t> CountTimeOff(storage::Transaction& transaction, const std::string& host,
                                     absl::Time now);
// The same in order of start, then id; at most `limit` behind (`start`, `id`).
absl::StatusOr<std::vector<TimeOffRow>> ListTimeOff(storage::Transaction& transaction,
                                                    const std::string& host, absl::Time now, absl::Time start,
                                                    const std::string& id, int limit);
// The time off of these hosts that overlaps with `within`, by host; and in halves, so that it shares its
// round trip with other statements: once the first is settled, the second reads it.
using TimeOffByHost = std::map<std::string, std::vector<domain::Interval>>;
absl::StatusOr<TimeOffByHost> ReadTimeOff(storage::Transaction& transaction,
                                          const std::vector<std::string>& hosts,
                                          const domain::Interval& within);
absl::StatusOr<storage::Deferred> DeferTimeOff(storage::Transaction& transaction,
                                               const std::vector<std::string>& hosts,
                                               const domain::Interval& within);
TimeOffByHost TimeOffIn(const storage::Result& result);
// Deletes one; and of a host, all that ended by `end`. Deferred.
absl::Status DeleteTimeOff(storage::Transaction& transaction, const std::string& id);
absl::Status DeleteEndedTimeOff(storage::Transaction& transaction, const std::string& host, absl::Time end);

}  // namespace finalmile::appointments::store
