#include "services/leads/store/activity_store.h"

#include <fmt/format.h>

#include <limits>
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

// A page of the activities of lead $1 behind the position ($2, $3, $4), at most $7 of those recorded by $5
// and happened by $6. The index has them in order of time alone. The inner query finds, in that order, the
// time that ends the page, so that only the page is sorted: without it PostgreSQL, which plans for an average
// lead, sorts all that a lead has for every page. $8 is a time beyond all others.
std::string PageSql(bool newest_first) {
  const auto which = [&](char table) {
    return fmt::format(
        "{0}.lead = $1 AND {0}.event_time {1}= $2 AND ({0}.event_time {1} $2 OR {0}.source {{sorted}} {1} $3 "
        "OR "
        "({0}.source = $3 AND {0}.activity_id {{sorted}} {1} $4)) AND {0}.record_time <= $5 AND "
        "{0}.event_time <= $6",
        table, newest_first ? '<' : '>');
  };
  const char* order = newest_first ? "DESC" : "";
  return fmt::format(
      "SELECT {} FROM activities AS a WHERE {} AND a.event_time {}= COALESCE((SELECT b.event_time FROM "
      "activities AS b WHERE {} ORDER BY b.event_time {} LIMIT 1 OFFSET $7 - 1), $8) ORDER BY a.event_time "
      "{}, a.source {{sorted}} {}, a.activity_id {{sorted}} {} LIMIT $7",
      kColumns, which('a'), newest_first ? '>' : '<', which('b'), order, order, order, order);
}

// `first`: a time before all others in the order of the page.
absl::StatusOr<std::vector<RecordedActivity>> ReadPage(storage::Transaction& transaction,
                                                       const std::string& sql, std::string_view lead,
                                                       const domain::Activity* after, int64_t first,
                                                       const Which& which, int limit) {
  const auto micros = [](absl::Time time) {
    return time == absl::InfiniteFuture() ? std::numeric_limits<int64_t>::max() : ToMicros(time);
  };
  ASSIGN_OR_RETURN(const storage::Result result,
                   transaction.Execute(
                       sql, {std::string(lead), after ? ToMicros(after->event_time) : first,
                             after ? after->source : "", after ? after->activity_id : "",
                             micros(which.recorded_by), micros(which.happened_by), int64_t{limit}, ~first}));
  return FromRows(result);
}

constexpr std::string_view kSelectAged =
    "SELECT lead, policy, activities, until, short_value, short_time, long_value, long_time, limits, "
    "last_hand_raise FROM aged WHERE lead IN (SELECT r.id FROM {rows: id TEXT} AS r)";

absl::StatusOr<std::map<std::string, Aged>> AgedOf(const storage::Result& read) {
  std::map<std::string, Aged> found;
  for (const storage::Row& row : read.rows) {
    Aged& aged = found[row.Text(0)];
    aged.policy = row.Int(1);
    aged.activities = row.Int(2);
    aged.until = FromMicros(row.Int(3));
    aged.state.engagement = {{row.Real(4), FromMicros(row.Int(5))}, {row.Real(6), FromMicros(row.Int(7))}};
    auto limits = domain::LimitState::Decode(row.Blob(8), domain::LimitState::kMaxCounting);
    if (!limits.ok()) return absl::DataLossError("what is left of aged activities is damaged");
    aged.state.limits = *std::move(limits);
    aged.state.last_hand_raise = storage::TimeOr(row, 9, absl::InfinitePast());
  }
  return found;
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

absl::StatusOr<DeferredHistories> DeferHistories(storage::Transaction& transaction,
                                                 const std::vector<std::string>& leads) {
  // OFFSET rather than a count, so that no more entries of the index are read than decide it.
  static const std::string long_one = fmt::format(
      "EXISTS (SELECT 1 FROM activities AS b WHERE b.lead = r.lead LIMIT 1 OFFSET {})", kWholeHistory);
  DeferredHistories read;
  ASSIGN_OR_RETURN(
      read.long_ones,
      transaction.DeferMany("SELECT r.lead FROM {rows: lead TEXT} AS r WHERE " + long_one, IdRows(leads)));
  ASSIGN_OR_RETURN(read.activities,
                   transaction.DeferMany(std::string("SELECT ") + kColumns +
                                             " FROM (SELECT r.lead FROM {rows: lead TEXT} AS r WHERE NOT " +
                                             long_one + ") AS w JOIN activities AS a ON a.lead = w.lead",
                                         IdRows(leads)));
  ASSIGN_OR_RETURN(read.aged, transaction.DeferMany(kSelectAged, IdRows(leads)));
  return read;
}

absl::StatusOr<Histories> HistoriesOf(const DeferredHistories& read) {
  Histories histories;
  for (const storage::Row& row : read.long_ones->rows) histories[row.Text(0)].is_long = true;
  ASSIGN_OR_RETURN(auto aged, AgedOf(*read.aged));
  for (auto& [lead, one] : aged) histories[lead].aged = std::move(one);
  ASSIGN_OR_RETURN(std::vector<RecordedActivity> recorded, FromRows(*read.activities));
  for (RecordedActivity& one : recorded) {
    History& history = histories[one.activity.lead];
    history.activities.push_back(std::move(one.activity));
  }
  return histories;
}

absl::StatusOr<Histories> ReadHistories(storage::Transaction& transaction,
                                        const std::vector<std::string>& leads) {
  ASSIGN_OR_RETURN(const DeferredHistories read, DeferHistories(transaction, leads));
  RETURN_IF_ERROR(transaction.Settle());
  return HistoriesOf(read);
}

absl::StatusOr<std::map<std::string, Aged>> ReadAged(storage::Transaction& transaction,
                                                     const std::vector<std::string>& leads) {
  ASSIGN_OR_RETURN(const storage::Result read, transaction.ExecuteMany(kSelectAged, IdRows(leads)));
  return AgedOf(read);
}

absl::StatusOr<std::optional<Aged>> ReadAged(storage::Transaction& transaction, std::string_view lead) {
  ASSIGN_OR_RETURN(auto read, ReadAged(transaction, std::vector<std::string>{std::string(lead)}));
  if (read.empty()) return std::nullopt;
  return std::move(read.begin()->second);
}

absl::Status WriteAged(storage::Transaction& transaction, std::string_view lead, const Aged& aged) {
  const domain::Engagement& engagement = aged.state.engagement;
  return transaction
      .DeferMany(
          "INSERT INTO aged (lead, policy, activities, until, short_value, short_time, long_value, "
          "long_time, limits, last_hand_raise) SELECT r.* FROM {rows: lead TEXT, policy BIGINT, "
          "activities BIGINT, until BIGINT, short_value DOUBLE, short_time BIGINT, long_value DOUBLE, "
          "long_time BIGINT, limits BYTES, last_hand_raise BIGINT} AS r WHERE TRUE ON CONFLICT (lead) "
          "DO UPDATE SET policy = excluded.policy, activities = excluded.activities, until = "
          "excluded.until, short_value = excluded.short_value, short_time = excluded.short_time, "
          "long_value = excluded.long_value, long_time = excluded.long_time, limits = "
          "excluded.limits, last_hand_raise = excluded.last_hand_raise",
          {storage::Row({std::string(lead), aged.policy, aged.activities, ToMicros(aged.until),
                         engagement.short_half_life.value, ToMicros(engagement.short_half_life.time),
                         engagement.long_half_life.value, ToMicros(engagement.long_half_life.time),
                         storage::Bytes{aged.state.limits.Encode()},
                         storage::OptionalMicros(aged.state.last_hand_raise)})})
      .status();
}

absl::StatusOr<std::vector<RecordedActivity>> ActivitiesInOrder(storage::Transaction& transaction,
                                                                std::string_view lead,
                                                                const domain::Activity* after,
                                                                const Which& which, int limit) {
  static const std::string sql = PageSql(/*newest_first=*/false);
  return ReadPage(transaction, sql, lead, after, std::numeric_limits<int64_t>::min(), which, limit);
}

absl::StatusOr<std::vector<std::string>> WithActivitiesBefore(storage::Transaction& transaction,
                                                              const std::vector<std::string>& leads,
                                                              absl::Time time) {
  std::vector<storage::Row> rows;
  for (const std::string& lead : leads) rows.emplace_back(std::vector<storage::Value>{lead, ToMicros(time)});
  ASSIGN_OR_RETURN(const storage::Result result,
                   transaction.ExecuteMany(
                       "SELECT r.lead FROM {rows: lead TEXT, time BIGINT} AS r WHERE EXISTS (SELECT 1 FROM "
                       "activities AS a WHERE a.lead = r.lead AND a.event_time < r.time)",
                       rows));
  std::vector<std::string> found;
  for (const storage::Row& row : result.rows) found.push_back(row.Text(0));
  return found;
}

absl::Status DeleteActivities(storage::Transaction& transaction,
                              const std::vector<RecordedActivity>& activities) {
  std::vector<storage::Row> rows;
  for (const RecordedActivity& one : activities)
    rows.emplace_back(std::vector<storage::Value>{one.activity.source, one.activity.activity_id});
  return transaction
      .DeferMany(
          "DELETE FROM activities WHERE (source, activity_id) IN (SELECT r.source, r.activity_id FROM "
          "{rows: source TEXT, activity_id TEXT} AS r)",
          rows)
      .status();
}

absl::StatusOr<std::vector<RecordedActivity>> ListActivities(storage::Transaction& transaction,
                                                             std::string_view lead,
                                                             const domain::Activity* after, int limit) {
  static const std::string sql = PageSql(/*newest_first=*/true);
  return ReadPage(transaction, sql, lead, after, std::numeric_limits<int64_t>::max(), {}, limit);
}

}  // namespace finalmile::leads::store
