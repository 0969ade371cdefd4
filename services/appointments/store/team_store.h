#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/civil_time.h"
#include "libs/storage/table.h"
#include "services/appointments/domain/team.h"

namespace finalmile::appointments::store {

struct TeamRow {
  std::string id = std::string(domain::kDefaultTeam);
  // Grows with every change; its etag.
  int64_t version = 1;
  domain::Team team;
};

extern const storage::Table<TeamRow> kTeams;

// They read the team, which is as domain::Team has it where nobody has changed it; TeamIn once the
// transaction has settled.
absl::StatusOr<storage::Deferred> DeferTeam(storage::Transaction& transaction);
absl::StatusOr<TeamRow> TeamIn(const storage::Result& read);
// It does both at once.
absl::StatusOr<TeamRow> ReadTeam(storage::Transaction& transaction);
// The same, locked.
absl::StatusOr<TeamRow> LockTeam(storage::Transaction& transaction);

}  // namespace finalmile::appointments::store
