#include "services/leads/store/activity_store.h"

#include <map>
#include <set>
#include <tuple>

#include "libs/base/clock.h"
#include "libs/base/status.h"
#include "services/leads/store/encoding.h"

namespace finalmile::leads::store {
namespace {

using ActivityKey = std::pair<std::string, std::string>;

constexpr const char* kColumns =
    "a.source, a.activity_id, a.lead, a.type, a.event_time, a.record_time, a.subject, a.count, a.seconds, "
    "a.outbound, "
    "a.automated, a.properties";

absl::StatusOr<RecordedActivity> FromRow(const storage::Row& row) {
  RecordedActivity recorded;
  domain::Activity& activity = recorded.activity;
  activity.source = row.Text(0);
  activity.activity_id = row.Text(1);
  activity.lead = row.Text(2);
  activity.type = row.Text(3);
  activity.event_time = FromMicros(row.Int(4));
  recorded.record_time = FromMicros(row.Int(5));
  activity.subject = row.Text(6);
  activity.count = static_cast<int32_t>(row.Int(7));
  activity.seconds = row.Real(8);
  activity.outbound = row.Bool(9);
  activity.automated = row.Bool(10);
  ASSIGN_OR_RETURN(activity.properties, DecodeProperties(row.Text(11)));
  return recorded;
}

absl::StatusOr<std::vector<RecordedActivity>> FromRows(const storage::Result& result) {
  std::vector<RecordedActivity> activities;
  activities.reserve(result.rows.size());
  for (const storage::Row& row : result.rows) {
    ASSIGN_OR_RETURN(activities.emplace_back(), FromRow(row));
  }
  return activities;
}

bool SameBody(const domain::Activity& a, const domain::Activity& b) {
  return std::tie(a.lead, a.type, a.event_time, a.subject, a.count, a.seconds, a.outbound, a.automated,
                  a.properties) == std::tie(b.lead, b.type, b.event_time, b.subject, b.count, b.seconds,
                                            b.outbound, b.automated, b.properties);
}

}  // namespace

absl::StatusOr<storage::Deferred> InsertActivities(storage::Transaction& transaction,
                                                   std::span<const domain::Activity> activities,
                                                   absl::Time now) {
  std::vector<storage::Row> rows;
  rows.reserve(activities.size());
  for (const domain::Activity& activity : activities) {
    rows.emplace_back(std::vector<storage::Value>{
        activity.source, activity.activity_id, activity.lead, activity.type, ToMicros(activity.event_time),
        ToMicros(now), activity.subject, int64_t{activity.count}, activity.seconds, activity.outbound,
        activity.automated, EncodeProperties(activity.properties)});
  }
  return transaction.DeferMany(
      "INSERT INTO activities (source, activity_id, lead, type, event_time, record_time, subject, count, "
      "seconds, outbound, automated, properties) SELECT r.* FROM {rows: source TEXT, activity_id TEXT, lead "
      "TEXT, type TEXT, event_time BIGINT, record_time BIGINT, subject TEXT, count BIGINT, seconds DOUBLE, "
      "outbound BOOLEAN, automated BOOLEAN, properties TEXT} AS r WHERE TRUE ON CONFLICT DO NOTHING "
      "RETURNING source, activity_id",
      rows);
}

absl::StatusOr<std::vector<Recorded>> OutcomeOf(storage::Transaction& transaction,
                                                const storage::Result& inserted,
                                                std::span<const domain::Activity> activities) {
  std::vector<Recorded> outcome(activities.size(), Recorded::kNew);
  if (inserted.rows.size() == activities.size()) return outcome;
  std::set<ActivityKey> fresh;
  for (const storage::Row& row : inserted.rows) fresh.emplace(row.Text(0), row.Text(1));
  std::map<ActivityKey, size_t> first;
  std::vector<storage::Row> known;
  for (size_t i = 0; i < activities.size(); ++i) {
    ActivityKey key{activities[i].source, activities[i].activity_id};
    const auto [entry, is_first] = first.emplace(std::move(key), i);
    if (is_first && !fresh.contains(entry->first)) {
      known.emplace_back(std::vector<storage::Value>{entry->first.first, entry->first.second});
    }
  }
  ASSIGN_OR_RETURN(
      storage::Result found,
      transaction.ExecuteMany(std::string("SELECT ") + kColumns +
                                  " FROM {rows: source TEXT, activity_id TEXT} AS r JOIN activities AS a ON "
                                  "a.source = r.source AND a.activity_id = r.activity_id",
                              known));
  ASSIGN_OR_RETURN(std::vector<RecordedActivity> recorded, FromRows(found));
  std::map<ActivityKey, domain::Activity> standing;
  for (RecordedActivity& one : recorded) {
    ActivityKey key{one.activity.source, one.activity.activity_id};
    standing.emplace(std::move(key), std::move(one.activity));
  }
  for (size_t i = 0; i < activities.size(); ++i) {
    const ActivityKey key{activities[i].source, activities[i].activity_id};
    const bool is_fresh = fresh.contains(key);
    if (is_fresh && first.at(key) == i) continue;
    const domain::Activity& stands = is_fresh ? activities[first.at(key)] : standing.at(key);
    outcome[i] = SameBody(activities[i], stands) ? Recorded::kRepeated : Recorded::kConflict;
  }
  return outcome;
}

absl::StatusOr<storage::Deferred> DeferHistories(storage::Transaction& transaction,
                                                 const std::vector<std::string>& leads) {
  return transaction.DeferMany(std::string("SELECT ") + kColumns +
                                   " FROM {rows: lead TEXT} AS r JOIN activities AS a ON a.lead = r.lead",
                               IdRows(leads));
}

absl::StatusOr<std::vector<RecordedActivity>> ActivitiesOfLeads(storage::Transaction& transaction,
                                                                const std::vector<std::string>& leads) {
  ASSIGN_OR_RETURN(const storage::Deferred read, DeferHistories(transaction, leads));
  RETURN_IF_ERROR(transaction.Settle());
  return FromRows(*read);
}

absl::StatusOr<Histories> HistoriesOf(const storage::Result& read) {
  ASSIGN_OR_RETURN(std::vector<RecordedActivity> recorded, FromRows(read));
  Histories histories;
  for (RecordedActivity& one : recorded) histories[one.activity.lead].push_back(std::move(one.activity));
  return histories;
}

absl::StatusOr<Histories> ActivitiesByLead(storage::Transaction& transaction,
                                           const std::vector<std::string>& leads) {
  ASSIGN_OR_RETURN(const storage::Deferred read, DeferHistories(transaction, leads));
  RETURN_IF_ERROR(transaction.Settle());
  return HistoriesOf(*read);
}

absl::StatusOr<std::vector<RecordedActivity>> ListActivities(storage::Transaction& transaction,
                                                             std::string_view lead,
                                                             const domain::Activity* after, int limit) {
  storage::Result result;
  const std::string order =
      " ORDER BY a.event_time DESC, a.source {sorted} DESC, a.activity_id {sorted} DESC LIMIT ";
  if (after == nullptr) {
    ASSIGN_OR_RETURN(result, transaction.Execute(std::string("SELECT ") + kColumns +
                                                     " FROM activities AS a WHERE a.lead = $1" + order + "$2",
                                                 {std::string(lead), int64_t{limit}}));
  } else {
    ASSIGN_OR_RETURN(
        result, transaction.Execute(
                    std::string("SELECT ") + kColumns +
                        " FROM activities AS a WHERE a.lead = $1 AND a.event_time <= $2 AND (a.event_time < "
                        "$2 OR a.source {sorted} < $3 OR (a.source = $3 AND a.activity_id {sorted} < $4))" +
                        order + "$5",
                    {std::string(lead), ToMicros(after->event_time), after->source, after->activity_id,
                     int64_t{limit}}));
  }
  return FromRows(result);
}

}  // namespace finalmile::leads::store
