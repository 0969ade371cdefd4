#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/storage/table.h"
#include "services/appointments/domain/ids.h"

namespace finalmile::appointments::store {

// What this service keeps of a lead: what it permits, and what holds for its requests together. Whoever adds
// a request to a lead, or ends its only one, holds the lock of its row.
// When a lead permitted a channel or denied it last.
struct PermissionTime {
  absl::Time since;
  // A lead that it was the same as had denied it.
  bool inherited = false;

  friend bool operator==(const PermissionTime&, const PermissionTime&) = default;
};

struct LeadRow {
  domain::LeadName id;
  // Nothing new is taken of it.
  bool erased = false;
  // The lead that it was the same as; empty: none. What comes under its name belongs there.
  domain::LeadName merged_into;
  // The seq of its last LeadBecameSalesReady.
  int64_t last_ready_seq = 0;
  // No scored lane opens a request until then; InfinitePast: any does.
  absl::Time quiet_until = absl::InfinitePast();
  // Channels for sales, as bits (ChannelBits).
  int64_t allowed = 0;
  int64_t denied = 0;
  // By channel.
  std::map<int, PermissionTime> permission_times;
};

extern const storage::Table<LeadRow> kLeads;

// The rows of these leads (each list sorted and unique) and of those that they were merged into, locked in
// order, by name. `inserted` get rows where they have none; absent `others` are left out.
absl::StatusOr<std::map<domain::LeadName, LeadRow>> LockLeads(storage::Transaction& transaction,
                                                              const std::vector<domain::LeadName>& inserted,
                                                              const std::vector<domain::LeadName>& others);
// In any order, without locks; absent ones are left out.
absl::StatusOr<std::vector<LeadRow>> ReadLeads(storage::Transaction& transaction,
                                               const std::vector<domain::LeadName>& leads);

}  // namespace finalmile::appointments::store
