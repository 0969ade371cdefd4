#include "services/leads/store/activity_store.h"

#include <fmt/format.h>

#include <limits>
#include <map>
#include <set>
#include <tuple>

#include "libs/base/clock.h"
#include "libs/base/status.h"
#include "libs/storage/columns.h"
#include "libs/storage/table.h"
#include "services/leads/store/encoding.h"

namespace finalmile::leads::store {
namespace {

using domain::Activity;
using domain::Engagement;
using domain::FadingValue;
using storage::In;

using ActivityKey = std::pair<std::string, std::string>;

template <class Field>
auto OfActivity(Field Activity::*field) {
  return In(&RecordedActivity::activity, field);
}
template <class Field>
auto Fading(FadingValue Engagement::*half_life, Field FadingValue::*field) {
  return In(&Aged::state, &domain::EngagementState::engagement, half_life, field);
}

const storage::Table<RecordedActivity> kActivities(
    "activities", {"source", "activity_id"},
    {{"source", OfActivity(&Activity::source)},
     {"activity_id", OfActivity(&Activity::activity_id)},
     {"lead", OfActivity(&Activity::lead)},
     {"type", OfActivity(&Activity::type)},
     {"event_time", OfActivity(&Activity::event_time)},
     {"record_time", &RecordedActivity::record_time},
     {"subject", OfActivity(&Activity::subject)},
     {"count", OfActivity(&Activity::count)},
     {"seconds", OfActivity(&Activity::seconds)},
     {"outbound", OfActivity(&Activity::outbound)},
     {"automated", OfActivity(&Activity::automated)},
     {"clock_ahead", OfActivity(&Activity::clock_ahead)},
     {"properties", "TEXT",
      [](const RecordedActivity& recorded) -> storage::Value {
        return EncodeProperties(recorded.activity.properties);
      },
      [](const storage::Row& row, size_t column, RecordedActivity& recorded) -> absl::Status {
        ASSIGN_OR_RETURN(recorded.activity.properties, DecodeProperties(row.Text(column)));
        return absl::OkStatus();
      }}});

const storage::Table<Aged> kAged(
    "aged", {"lead"},
    {{"lead", &Aged::lead},
     {"policy", &Aged::policy},
     {"activities", &Aged::activities},
     {"until", &Aged::until},
     {"short_value", Fading(&Engagement::short_half_life, &FadingValue::value)},
     {"short_time", Fading(&Engagement::short_half_life, &FadingValue::time)},
     {"long_value", Fading(&Engagement::long_half_life, &FadingValue::value)},
     {"long_time", Fading(&Engagement::long_half_life, &FadingValue::time)},
     {"limits", "BYTES",
      [](const Aged& aged) -> storage::Value { return storage::Bytes{aged.state.limits.Encode()}; },
      [](const storage::Row& row, size_t column, Aged& aged) -> absl::Status {
        auto limits = domain::LimitState::Decode(row.Blob(column), domain::LimitState::kMaxCounting);
        if (!limits.ok()) return absl::DataLossError("the sum of aged activities is damaged");
        aged.state.limits = *std::move(limits);
        return absl::OkStatus();
      }},
     {"last_hand_raise", In(&Aged::state, &domain::EngagementState::last_hand_raise), absl::InfinitePast()}});

// Whether `b` repeats `a`, which is stored. The time of one whose clock ran ahead is that of its arrival.
bool SameBody(const Activity& a, const Activity& b) {
  return (a.event_time == b.event_time || a.clock_ahead) &&
         std::tie(a.lead, a.type, a.subject, a.count, a.seconds, a.outbound, a.automated, a.properties) ==
             std::tie(b.lead, b.type, b.subject, b.count, b.seconds, b.outbound, b.automated, b.properties);
}
// What DeleteActivity leaves in place of an activity, so that a repeat of it is known.
bool IsDeleted(const Activity& activity) { return activity.lead.empty(); }

// A page of the activities of lead $1 after the position ($2, $3, $4), at most $7 of those recorded by $5
// and happened by $6. The index has them in order of time alone. The inner query finds, in that order, the
// time that ends the page, so that only the page is sorted: without it PostgreSQL, which plans for an average
// lead, sorts all that a lead has for every page. $8 is a time beyond all others.
std::string PageSql(bool newest_first) {
  const auto after = [&](char table) {
    return fmt::format(R"sql(
  {0}.lead = $1 AND {0}.event_time {1}= $2
  AND ({0}.event_time {1} $2 OR {0}.source {{sorted}} {1} $3
       OR ({0}.source = $3 AND {0}.activity_id {{sorted}} {1} $4))
  AND {0}.record_time <= $5 AND {0}.event_time <= $6)sql",
                       table, newest_first ? '<' : '>');
  };
  return fmt::format(R"sql(
SELECT {columns} FROM activities AS a
WHERE {a} AND a.event_time {no_further}= COALESCE((
  SELECT b.event_time FROM activities AS b
  WHERE {b}
  ORDER BY b.event_time {order}
  LIMIT 1 OFFSET $7 - 1), $8)
ORDER BY a.event_time {order}, a.source {{sorted}} {order}, a.activity_id {{sorted}} {order}
LIMIT $7)sql",
                     fmt::arg("columns", kActivities.columns()), fmt::arg("a", after('a')),
                     fmt::arg("b", after('b')), fmt::arg("no_further", newest_first ? '>' : '<'),
                     fmt::arg("order", newest_first ? "DESC" : ""));
}

// `first`: a time before all others in the order of the page.
absl::StatusOr<std::vector<RecordedActivity>> ReadPage(storage::Transaction& transaction,
                                                       const std::string& sql, const domain::LeadId& lead,
                                                       const Activity* after, int64_t first,
                                                       const Which& which, int limit) {
  const auto micros = [](absl::Time time) {
    return time == absl::InfiniteFuture() ? std::numeric_limits<int64_t>::max() : ToMicros(time);
  };
  ASSIGN_OR_RETURN(const storage::Result result,
                   transaction.Execute(
                       sql, {lead.text(), after ? ToMicros(after->event_time) : first,
                             after ? after->source : "", after ? after->activity_id : "",
                             micros(which.recorded_by), micros(which.happened_by), int64_t{limit}, ~first}));
  return kActivities.Records(result);
}

absl::StatusOr<std::map<domain::LeadId, Aged>> AgedOf(const storage::Result& read) {
  ASSIGN_OR_RETURN(std::vector<Aged> rows, kAged.Records(read));
  std::map<domain::LeadId, Aged> found;
  for (Aged& row : rows) found.emplace(row.lead, std::move(row));
  return found;
}

}  // namespace

absl::StatusOr<storage::Deferred> DeferInsertActivities(storage::Transaction& transaction,
                                                        std::span<const Activity> activities,
                                                        absl::Time now) {
  std::vector<RecordedActivity> records;
  records.reserve(activities.size());
  for (const Activity& activity : activities) records.push_back({activity, now});
  return kActivities.DeferInsertAbsent(transaction, storage::Pointers(records));
}

absl::StatusOr<std::vector<Recorded>> OutcomesOf(storage::Transaction& transaction,
                                                 const storage::Result& inserted,
                                                 std::span<const Activity> activities) {
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
  static const std::string sql = fmt::format(R"sql(
SELECT {}
FROM {{rows: known_source TEXT, known_id TEXT}} AS r
JOIN activities ON source = r.known_source AND activity_id = r.known_id)sql",
                                             kActivities.columns());
  ASSIGN_OR_RETURN(const storage::Result found, transaction.ExecuteMany(sql, known));
  ASSIGN_OR_RETURN(std::vector<RecordedActivity> recorded, kActivities.Records(found));
  std::map<ActivityKey, Activity> stored;
  for (RecordedActivity& one : recorded) {
    ActivityKey key{one.activity.source, one.activity.activity_id};
    stored.emplace(std::move(key), std::move(one.activity));
  }
  for (size_t i = 0; i < activities.size(); ++i) {
    const ActivityKey key{activities[i].source, activities[i].activity_id};
    const bool is_fresh = fresh.contains(key);
    if (is_fresh && first.at(key) == i) continue;
    const Activity& kept = is_fresh ? activities[first.at(key)] : stored.at(key);
    outcome[i] = IsDeleted(kept) || SameBody(kept, activities[i]) ? Recorded::kRepeated : Recorded::kConflict;
  }
  return outcome;
}

absl::StatusOr<DeferredHistories> DeferHistories(storage::Transaction& transaction,
                                                 const std::vector<domain::LeadId>& leads) {
  // OFFSET rather than a count, so that no more entries of the index are read than decide it.
  constexpr std::string_view kIsLong =
      "EXISTS (SELECT 1 FROM activities AS b WHERE b.lead = r.id LIMIT 1 OFFSET {})";
  static const std::string is_long = fmt::format(kIsLong, kWholeHistory);
  static const std::string long_ones =
      fmt::format("SELECT r.id FROM {{rows: id TEXT}} AS r WHERE {}", is_long);
  static const std::string others = fmt::format(R"sql(
SELECT {}
FROM (SELECT r.id FROM {{rows: id TEXT}} AS r WHERE NOT {}) AS short
JOIN activities ON lead = short.id)sql",
                                                kActivities.columns(), is_long);
  DeferredHistories read;
  ASSIGN_OR_RETURN(read.long_ones, transaction.DeferMany(long_ones, storage::IdRows(leads)));
  ASSIGN_OR_RETURN(read.activities, transaction.DeferMany(others, storage::IdRows(leads)));
  ASSIGN_OR_RETURN(read.aged, kAged.DeferRead(transaction, leads));
  return read;
}

absl::StatusOr<Histories> HistoriesOf(const DeferredHistories& read) {
  Histories histories;
  for (const storage::Row& row : read.long_ones->rows) histories[domain::LeadId(row.Text(0))].is_long = true;
  ASSIGN_OR_RETURN(auto aged, AgedOf(*read.aged));
  for (auto& [lead, one] : aged) histories[lead].aged = std::move(one);
  ASSIGN_OR_RETURN(std::vector<RecordedActivity> recorded, kActivities.Records(*read.activities));
  for (RecordedActivity& one : recorded) {
    History& history = histories[one.activity.lead];
    history.activities.push_back(std::move(one.activity));
  }
  return histories;
}

absl::StatusOr<Histories> ReadHistories(storage::Transaction& transaction,
                                        const std::vector<domain::LeadId>& leads) {
  ASSIGN_OR_RETURN(const DeferredHistories read, DeferHistories(transaction, leads));
  RETURN_IF_ERROR(transaction.Settle());
  return HistoriesOf(read);
}

absl::StatusOr<std::map<domain::LeadId, Aged>> ReadAged(storage::Transaction& transaction,
                                                        const std::vector<domain::LeadId>& leads) {
  ASSIGN_OR_RETURN(const storage::Deferred read, kAged.DeferRead(transaction, leads));
  RETURN_IF_ERROR(transaction.Settle());
  return AgedOf(*read);
}

absl::StatusOr<std::optional<Aged>> ReadAged(storage::Transaction& transaction, const domain::LeadId& lead) {
  ASSIGN_OR_RETURN(auto read, ReadAged(transaction, std::vector{lead}));
  if (read.empty()) return std::nullopt;
  return std::move(read.begin()->second);
}

absl::Status WriteAged(storage::Transaction& transaction, const Aged& aged) {
  const Aged* rows[] = {&aged};
  return kAged.InsertOrUpdate(transaction, rows);
}

absl::StatusOr<std::vector<RecordedActivity>> ActivitiesInOrder(storage::Transaction& transaction,
                                                                const domain::LeadId& lead,
                                                                const Activity* after, const Which& which,
                                                                int limit) {
  static const std::string sql = PageSql(/*newest_first=*/false);
  return ReadPage(transaction, sql, lead, after, std::numeric_limits<int64_t>::min(), which, limit);
}

absl::StatusOr<std::vector<domain::LeadId>> WithActivitiesBefore(storage::Transaction& transaction,
                                                                 const std::vector<domain::LeadId>& leads,
                                                                 absl::Time time) {
  std::vector<storage::Row> rows;
  for (const domain::LeadId& lead : leads)
    rows.emplace_back(std::vector<storage::Value>{lead.text(), ToMicros(time)});
  constexpr std::string_view kSql = R"sql(
SELECT r.lead FROM {rows: lead TEXT, time BIGINT} AS r
WHERE EXISTS (SELECT 1 FROM activities AS a WHERE a.lead = r.lead AND a.event_time < r.time))sql";
  return storage::FirstTexts<domain::LeadId>(transaction.ExecuteMany(kSql, rows));
}

absl::Status DeleteActivities(storage::Transaction& transaction,
                              const std::vector<RecordedActivity>& activities) {
  std::vector<storage::Row> rows;
  for (const RecordedActivity& one : activities)
    rows.emplace_back(std::vector<storage::Value>{one.activity.source, one.activity.activity_id});
  return transaction
      .DeferMany(
          R"sql(
DELETE FROM activities
WHERE (source, activity_id) IN (
  SELECT r.source, r.activity_id FROM {rows: source TEXT, activity_id TEXT} AS r))sql",
          rows)
      .status();
}

absl::StatusOr<std::optional<RecordedActivity>> FindActivity(storage::Transaction& transaction,
                                                             const std::string& source,
                                                             const std::string& activity_id) {
  static const std::string sql =
      fmt::format("{} WHERE source = $1 AND activity_id = $2", kActivities.select());
  ASSIGN_OR_RETURN(const storage::Result read, transaction.Execute(sql, {source, activity_id}));
  if (read.rows.empty()) return std::nullopt;
  ASSIGN_OR_RETURN(RecordedActivity found, kActivities.RecordOf(read.rows.front()));
  if (IsDeleted(found.activity)) return std::nullopt;
  return found;
}

absl::StatusOr<std::set<std::string>> KnownActivities(storage::Transaction& transaction,
                                                      std::span<const Activity> activities) {
  std::vector<storage::Row> rows;
  for (const Activity& one : activities)
    rows.emplace_back(std::vector<storage::Value>{one.source, one.activity_id});
  ASSIGN_OR_RETURN(const storage::Result found, transaction.ExecuteMany(R"sql(
SELECT a.activity_id
FROM {rows: wanted_source TEXT, wanted_id TEXT} AS r
JOIN activities AS a ON a.source = r.wanted_source AND a.activity_id = r.wanted_id)sql",
                                                                        rows));
  std::set<std::string> known;
  for (const storage::Row& row : found.rows) known.insert(row.Text(0));
  return known;
}

absl::Status MoveActivities(storage::Transaction& transaction, const domain::LeadId& from,
                            const domain::LeadId& to) {
  RETURN_IF_ERROR(
      transaction.Defer("UPDATE activities SET lead = $2 WHERE lead = $1", {from.text(), to.text()})
          .status());
  return transaction.Defer("DELETE FROM aged WHERE lead = $1", {from.text()}).status();
}

absl::Status DeleteActivitiesOf(storage::Transaction& transaction, const domain::LeadId& lead) {
  RETURN_IF_ERROR(transaction.Defer("DELETE FROM activities WHERE lead = $1", {lead.text()}).status());
  return transaction.Defer("DELETE FROM aged WHERE lead = $1", {lead.text()}).status();
}

absl::StatusOr<std::vector<RecordedActivity>> ListActivities(storage::Transaction& transaction,
                                                             const domain::LeadId& lead,
                                                             const Activity* after, int limit) {
  static const std::string sql = PageSql(/*newest_first=*/true);
  return ReadPage(transaction, sql, lead, after, std::numeric_limits<int64_t>::max(), {}, limit);
}

}  // namespace finalmile::leads::store
