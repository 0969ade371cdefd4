#pragma once

#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/storage/database.h"
#include "services/leads/domain/activity.h"
#include "services/leads/domain/engagement.h"

namespace finalmile::leads::store {

struct RecordedActivity {
  domain::Activity activity;
  absl::Time record_time;
};

enum class Recorded {
  kNew,
  // The same activity was stored before.
  kRepeated,
  // Another activity was stored under (source, activity_id).
  kConflict,
  // It happened before Aged::until, and was not stored.
  kAgedOut,
  // Its lead was erased, and it was not stored.
  kErased,
};

// Stores those of `activities` whose (source, activity_id) is new, the first of equal ones. The leads' rows
// are locked by the caller, in an earlier statement.
absl::StatusOr<storage::Deferred> DeferInsertActivities(storage::Transaction& transaction,
                                                        std::span<const domain::Activity> activities,
                                                        absl::Time now);
// The outcome of each, from the result of DeferInsertActivities.
absl::StatusOr<std::vector<Recorded>> OutcomesOf(storage::Transaction& transaction,
                                                 const storage::Result& inserted,
                                                 std::span<const domain::Activity> activities);

// A lead's history of more activities than this is long: it is read in pages alone.
inline constexpr int kWholeHistory = 1'000;

// The sum of activities that are no longer kept one by one.
struct Aged {
  domain::LeadId lead;
  // PolicyRow::number that they were counted under, the last of them at least.
  int64_t policy = 0;
  int64_t activities = 0;
  // They happened before this. An activity that happened before it, and comes now, is too late.
  absl::Time until = absl::InfinitePast();
  // Its limits are those of `policy`.
  domain::EngagementState state;
};
absl::StatusOr<std::optional<Aged>> ReadAged(storage::Transaction& transaction, const domain::LeadId& lead);
absl::StatusOr<std::map<domain::LeadId, Aged>> ReadAged(storage::Transaction& transaction,
                                                        const std::vector<domain::LeadId>& leads);
// Inserts or overwrites. Deferred.
absl::Status WriteAged(storage::Transaction& transaction, const Aged& aged);

// All activities of a lead.
struct History {
  // Then `activities` is empty.
  bool is_long = false;
  std::optional<Aged> aged;
  // In no order; at most kWholeHistory.
  std::vector<domain::Activity> activities;
};
// By lead; a lead without activities may be left out.
using Histories = std::map<domain::LeadId, History>;
struct DeferredHistories {
  storage::Deferred long_ones;
  storage::Deferred activities;
  storage::Deferred aged;
};
absl::StatusOr<DeferredHistories> DeferHistories(storage::Transaction& transaction,
                                                 const std::vector<domain::LeadId>& leads);
absl::StatusOr<Histories> HistoriesOf(const DeferredHistories& read);
// Both halves.
absl::StatusOr<Histories> ReadHistories(storage::Transaction& transaction,
                                        const std::vector<domain::LeadId>& leads);

// A choice among a lead's activities.
struct Which {
  absl::Time recorded_by = absl::InfiniteFuture();
  absl::Time happened_by = absl::InfiniteFuture();
};
// The next `limit` of a lead's activities in canonical order (domain::HappenedBefore), after `after`;
// nullptr: from the first.
absl::StatusOr<std::vector<RecordedActivity>> ActivitiesInOrder(storage::Transaction& transaction,
                                                                const domain::LeadId& lead,
                                                                const domain::Activity* after,
                                                                const Which& which, int limit);
// Which of `leads` have activities that happened before `time`.
absl::StatusOr<std::vector<domain::LeadId>> WithActivitiesBefore(storage::Transaction& transaction,
                                                                 const std::vector<domain::LeadId>& leads,
                                                                 absl::Time time);
absl::Status DeleteActivities(storage::Transaction& transaction,
                              const std::vector<RecordedActivity>& activities);

// An activity that was not deleted.
absl::StatusOr<std::optional<RecordedActivity>> FindActivity(storage::Transaction& transaction,
                                                             const std::string& source,
                                                             const std::string& activity_id);
// Ids of those of `activities`, all of one source, that are stored.
absl::StatusOr<std::set<std::string>> KnownActivities(storage::Transaction& transaction,
                                                      std::span<const domain::Activity> activities);
// Gives the activities of a stub to a lead; what was added up of them is dropped. Both rows are locked.
// Deferred.
absl::Status MoveActivities(storage::Transaction& transaction, const domain::LeadId& from,
                            const domain::LeadId& to);
// Deletes all activities of a locked lead. Deferred.
absl::Status DeleteActivitiesOf(storage::Transaction& transaction, const domain::LeadId& lead);

// A page of a lead's activities, newest first by (event time, source, id), after `after`; nullptr: the first
// page.
absl::StatusOr<std::vector<RecordedActivity>> ListActivities(storage::Transaction& transaction,
                                                             const domain::LeadId& lead,
                                                             const domain::Activity* after, int limit);

}  // namespace finalmile::leads::store
