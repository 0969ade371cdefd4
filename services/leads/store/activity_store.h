#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/storage/database.h"
#include "services/leads/domain/activity.h"

namespace finalmile::leads::store {

struct RecordedActivity {
  domain::Activity activity;
  absl::Time record_time;
};

enum class Recorded {
  kNew,
  // The same activity stands already.
  kRepeated,
  // Another activity stands under (source, activity_id).
  kConflict,
};

// Stores those of `activities` whose (source, activity_id) is new, the first of equal ones. The leads' rows
// are locked by the caller, in an earlier statement; activity.lead holds a lead's id.
absl::StatusOr<storage::Deferred> InsertActivities(storage::Transaction& transaction,
                                                   std::span<const domain::Activity> activities,
                                                   absl::Time now);
// What became of each, from the result of InsertActivities.
absl::StatusOr<std::vector<Recorded>> OutcomeOf(storage::Transaction& transaction,
                                                const storage::Result& inserted,
                                                std::span<const domain::Activity> activities);

// All activities of the leads, in no order.
absl::StatusOr<std::vector<RecordedActivity>> ActivitiesOfLeads(storage::Transaction& transaction,
                                                                const std::vector<std::string>& leads);

// The same without their times of record, by lead; leads without activities are left out.
using Histories = std::map<std::string, std::vector<domain::Activity>>;
absl::StatusOr<storage::Deferred> DeferHistories(storage::Transaction& transaction,
                                                 const std::vector<std::string>& leads);
absl::StatusOr<Histories> HistoriesOf(const storage::Result& read);
// Both halves.
absl::StatusOr<Histories> ActivitiesByLead(storage::Transaction& transaction,
                                           const std::vector<std::string>& leads);

// A page of a lead's activities, newest first by (event time, source, id), after `after`; nullptr: from the
// newest.
absl::StatusOr<std::vector<RecordedActivity>> ListActivities(storage::Transaction& transaction,
                                                             std::string_view lead,
                                                             const domain::Activity* after, int limit);

}  // namespace finalmile::leads::store
