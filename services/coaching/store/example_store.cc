#include "services/coaching/store/example_store.h"

#include "libs/base/clock.h"
#include "libs/base/status.h"
#include "libs/storage/columns.h"

namespace finalmile::coaching::store {

using storage::In;
using storage::Transaction;

const storage::Table<ExampleRow> kExamples(
    "examples", {"id"},
    {{"id", &ExampleRow::id},
     {"talk_track", &ExampleRow::talk_track},
     {"title", In(&ExampleRow::head, &Example::title)},
     {"provenance", In(&ExampleRow::head, &Example::provenance)},
     {"consent_reference", In(&ExampleRow::head, &Example::consent_reference)},
     {"audio_uri", In(&ExampleRow::head, &Example::audio_uri)},
     {"turns", storage::kAsBytes, &ExampleRow::turns},
     {"turn_count", &ExampleRow::turn_count},
     {"due_time", In(&ExampleRow::head, &Example::expire_time), absl::InfiniteFuture()},
     {"create_time", &ExampleRow::create_time}});

absl::StatusOr<std::vector<ExampleRow>> ListExamples(Transaction& transaction, const TalkTrackId& track,
                                                     absl::Time now, absl::Time after_time,
                                                     const std::string& after_id, int limit) {
  ASSIGN_OR_RETURN(
      const storage::Result result,
      transaction.Execute(kExamples.select() + R"sql(
WHERE talk_track = $1 AND (due_time IS NULL OR due_time > $2)
  AND (create_time > $3 OR (create_time = $3 AND id > $4))
ORDER BY create_time, id
LIMIT $5)sql",
                          {track.text(), ToMicros(now), ToMicros(after_time), after_id, int64_t{limit}}));
  return kExamples.Records(result);
}

absl::StatusOr<std::map<TalkTrackId, int64_t>> CountExamples(Transaction& transaction,
                                                             const std::vector<TalkTrackId>& tracks,
                                                             absl::Time now) {
  std::vector<storage::Row> rows;
  for (const TalkTrackId& track : tracks) rows.push_back(storage::Row({track.text(), ToMicros(now)}));
  ASSIGN_OR_RETURN(const storage::Result result, transaction.ExecuteMany(R"sql(
SELECT e.talk_track, COUNT(*) FROM {rows: id TEXT, now BIGINT} AS r
JOIN examples AS e ON e.talk_track = r.id AND (e.due_time IS NULL OR e.due_time > r.now)
GROUP BY e.talk_track)sql",
                                                                         rows));
  std::map<TalkTrackId, int64_t> counts;
  for (const storage::Row& row : result.rows) counts[TalkTrackId(row.Text(0))] = row.Int(1);
  return counts;
}

absl::StatusOr<int64_t> DeleteExpired(Transaction& transaction, const std::vector<std::string>& ids,
                                      absl::Time now) {
  std::vector<storage::Row> rows;
  for (const std::string& id : ids) rows.push_back(storage::Row({id, ToMicros(now)}));
  ASSIGN_OR_RETURN(const storage::Result result, transaction.ExecuteMany(R"sql(
DELETE FROM examples
WHERE id IN (SELECT r.id FROM {rows: id TEXT, now BIGINT} AS r WHERE examples.due_time <= r.now))sql",
                                                                         rows));
  return result.affected;
}

absl::StatusOr<bool> DeleteExample(Transaction& transaction, const std::string& id, absl::Time now) {
  ASSIGN_OR_RETURN(
      const storage::Result result,
      transaction.Execute("DELETE FROM examples WHERE id = $1 AND (due_time IS NULL OR due_time > $2)",
                          {id, ToMicros(now)}));
  return result.affected > 0;
}

}  // namespace finalmile::coaching::store
