#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/storage/database.h"
#include "services/catalog/usage/domain/credit.h"
#include "services/catalog/usage/domain/lead.h"

namespace finalmile::catalog::usage::store {

// A meeting, by its chain of reschedules.
struct MeetingRow {
  std::string chain;
  domain::LeadName lead;
  domain::Meeting meeting;
  absl::Time update_time = absl::UnixEpoch();
};
// The meetings with these leads, which are locked.
absl::StatusOr<std::vector<MeetingRow>> ReadMeetings(storage::Transaction& transaction,
                                                     const std::vector<domain::LeadName>& leads);
// The leads of those of these chains that are known.
absl::StatusOr<std::vector<domain::LeadName>> LeadsOf(storage::Transaction& transaction,
                                                      const std::vector<std::string>& chains);
// Inserts or overwrites them; their leads are locked.
absl::Status WriteMeetings(storage::Transaction& transaction, const std::vector<MeetingRow>& meetings);

// Whether any meeting was ever heard of that is kept still.
absl::StatusOr<bool> AnyMeeting(storage::Transaction& transaction);

}  // namespace finalmile::catalog::usage::store
