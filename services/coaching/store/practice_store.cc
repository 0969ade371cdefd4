#include "services/coaching/store/practice_store.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "libs/base/status.h"
#include "libs/storage/columns.h"

namespace finalmile::coaching::store {
namespace {

using storage::In;
using storage::Row;
using storage::Value;

template <class Field>
auto Of(Field Practice::*member) {
  return In(&PracticeRow::practice, member);
}
template <class Field>
auto OfReview(Field Review::*member) {
  return In(&ReviewRow::review, member);
}

absl::StatusOr<Levels> DecodeLevels(const std::string& text) {
  const nlohmann::json parsed = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  Levels levels;
  if (!parsed.is_object()) return absl::DataLossError("stored levels are damaged");
  for (const auto& [criterion, level] : parsed.items()) {
    if (!level.is_number_integer()) return absl::DataLossError("stored levels are damaged");
    levels[criterion] = level.get<int>();
  }
  return levels;
}

absl::StatusOr<int64_t> Counted(const absl::StatusOr<storage::Result>& result) {
  if (!result.ok()) return result.status();
  return result->rows[0].Int(0);
}

}  // namespace

const storage::Table<PracticeRow> kPractices(
    "practices", {"id"},
    {{"id", &PracticeRow::id},
     {"version", &PracticeRow::version},
     {"rep", Of(&Practice::rep)},
     {"track", &PracticeRow::track},
     {"state", Of(&Practice::state)},
     {"practice_time", Of(&Practice::time)},
     {"practice_day", "TEXT",
      [](const PracticeRow& row) -> Value { return absl::FormatCivilTime(row.practice.day); },
      [](const Row& row, size_t column, PracticeRow& record) {
        return absl::ParseCivilTime(row.Text(column), &record.practice.day)
                   ? absl::OkStatus()
                   : absl::DataLossError("a stored day is damaged");
      }},
     {"track_version", Of(&Practice::track_version)},
     {"analysis_score", Of(&Practice::analysis_score)},
     {"coverage", &PracticeRow::coverage},
     {"score", &PracticeRow::score},
     {"submit_time", &PracticeRow::submit_time, absl::InfinitePast()}});

PracticeFact FactOf(const PracticeRow& row) {
  const Practice& practice = row.practice;
  return {row.id,       practice.time,
          practice.day, practice.track_version,
          row.score,    practice.state == PracticeState::kReviewed};
}

absl::StatusOr<std::vector<PracticeRow>> ReadPractices(storage::Transaction& transaction,
                                                       const std::vector<PracticeId>& ids) {
  ASSIGN_OR_RETURN(const storage::Deferred read, kPractices.DeferRead(transaction, ids));
  RETURN_IF_ERROR(transaction.Settle());
  return kPractices.Records(*read);
}

absl::StatusOr<std::map<TalkTrackId, std::vector<PracticeFact>>> ReadFacts(storage::Transaction& transaction,
                                                                           const std::string& rep) {
  ASSIGN_OR_RETURN(const storage::Result result,
                   transaction.Execute(kPractices.select() + " WHERE rep = $1 AND state <> 1", {rep}));
  ASSIGN_OR_RETURN(std::vector<PracticeRow> rows, kPractices.Records(result));
  std::map<TalkTrackId, std::vector<PracticeFact>> facts;
  for (const PracticeRow& row : rows) facts[row.track].push_back(FactOf(row));
  return facts;
}

absl::StatusOr<int64_t> CountDrafts(storage::Transaction& transaction, const std::string& rep) {
  return Counted(transaction.Execute("SELECT COUNT(*) FROM practices WHERE rep = $1 AND state = 1", {rep}));
}

absl::StatusOr<int64_t> CountSubmitted(storage::Transaction& transaction, const std::string& rep,
                                       const TalkTrackId& track) {
  return Counted(transaction.Execute(
      "SELECT COUNT(*) FROM practices WHERE rep = $1 AND track = $2 AND state <> 1", {rep, track.text()}));
}

absl::StatusOr<std::vector<PracticeRow>> ListPractices(storage::Transaction& transaction,
                                                       const ListQuery& query, absl::Time before,
                                                       const std::string& id, int limit) {
  std::vector<Value> values = {query.caller, query.others, ToMicros(before), id, int64_t{limit}};
  values.insert(values.end(), query.condition.values.begin(), query.condition.values.end());
  ASSIGN_OR_RETURN(const storage::Result result,
                   transaction.Execute(fmt::format(R"sql(
{} WHERE (rep = $1 OR ($2 AND state <> 1)) AND (practice_time, id) < ($3, $4) AND {}
ORDER BY practice_time DESC, id DESC LIMIT $5)sql",
                                                   kPractices.select(), query.condition.sql),
                                       std::move(values)));
  return kPractices.Records(result);
}

absl::StatusOr<std::vector<QueuedPractice>> ReadReviewQueue(storage::Transaction& transaction, absl::Time now,
                                                            const WaitingPractice* after, int limit) {
  // A rep without a meeting ahead comes last.
  constexpr int64_t kNever = INT64_MAX;
  std::string sql = fmt::format(R"sql(
WITH waiting AS (
  SELECT p.*, COALESCE((SELECT MIN(m.start_time) FROM practice_meetings AS m
    JOIN talk_tracks AS t ON t.id = p.track AND t.situation = m.situation
    WHERE m.host = p.rep AND m.planned AND m.start_time >= $1), {}) AS next_meeting
  FROM practices AS p WHERE p.state = 2)
SELECT {}, next_meeting FROM waiting)sql",
                                kNever, kPractices.columns());
  std::vector<Value> values = {ToMicros(now), int64_t{limit}};
  if (after != nullptr) {
    sql += " WHERE (next_meeting, submit_time, id) > ($3, $4, $5)";
    values.emplace_back(after->next_meeting == absl::InfiniteFuture() ? kNever
                                                                      : ToMicros(after->next_meeting));
    values.emplace_back(ToMicros(after->submit_time));
    values.emplace_back(after->id.text());
  }
  sql += " ORDER BY next_meeting, submit_time, id LIMIT $2";
  ASSIGN_OR_RETURN(const storage::Result result, transaction.Execute(sql, std::move(values)));
  std::vector<QueuedPractice> queue;
  for (const Row& row : result.rows) {
    ASSIGN_OR_RETURN(PracticeRow practice, kPractices.RecordOf(row));
    const int64_t next = row.Int(row.values().size() - 1);
    WaitingPractice waiting{practice.id, next == kNever ? absl::InfiniteFuture() : FromMicros(next),
                            practice.submit_time};
    queue.push_back({std::move(waiting), std::move(practice)});
  }
  return queue;
}

absl::StatusOr<std::map<TalkTrackId, int64_t>> CountWaiting(storage::Transaction& transaction) {
  ASSIGN_OR_RETURN(
      const storage::Result result,
      transaction.Execute("SELECT track, COUNT(*) FROM practices WHERE state = 2 GROUP BY track"));
  std::map<TalkTrackId, int64_t> waiting;
  for (const Row& row : result.rows) waiting[TalkTrackId(row.Text(0))] = row.Int(1);
  return waiting;
}

const storage::Table<ContentRow> kContents("practice_contents", {"practice"},
                                           {{"practice", &ContentRow::practice},
                                            {"content", storage::kAsBytes, &ContentRow::content},
                                            {"analysis", storage::kAsBytes, &ContentRow::analysis}});

absl::StatusOr<std::optional<ContentRow>> ReadContent(storage::Transaction& transaction,
                                                      const PracticeId& practice) {
  ASSIGN_OR_RETURN(const storage::Result result,
                   transaction.Execute(kContents.select() + " WHERE practice = $1", {practice.text()}));
  if (result.rows.empty()) return std::optional<ContentRow>();
  return kContents.RecordOf(result.rows[0]);
}

const storage::Table<ReviewRow> kReviews(
    "practice_reviews", {"practice", "number"},
    {{"practice", &ReviewRow::practice},
     {"number", &ReviewRow::number},
     {"replaced", &ReviewRow::replaced},
     {"reviewer", OfReview(&Review::reviewer)},
     {"self", OfReview(&Review::self)},
     {"review_time", OfReview(&Review::time)},
     {"levels", "TEXT",
      [](const ReviewRow& row) -> Value { return nlohmann::json(row.review.levels).dump(); },
      [](const Row& row, size_t column, ReviewRow& record) -> absl::Status {
        ASSIGN_OR_RETURN(record.review.levels, DecodeLevels(row.Text(column)));
        return absl::OkStatus();
      }},
     {"score", &ReviewRow::score},
     {"comments", storage::kAsBytes, &ReviewRow::comments}});

absl::StatusOr<std::vector<ReviewRow>> ReadReviews(storage::Transaction& transaction,
                                                   const std::vector<PracticeId>& practices) {
  ASSIGN_OR_RETURN(const storage::Result result, transaction.ExecuteMany(fmt::format(R"sql(
{} WHERE practice IN (SELECT r.id FROM {{rows: id TEXT}} AS r) AND NOT replaced)sql",
                                                                                     kReviews.select()),
                                                                         storage::IdRows(practices)));
  ASSIGN_OR_RETURN(std::vector<ReviewRow> reviews, kReviews.Records(result));
  std::sort(reviews.begin(), reviews.end(),
            [](const ReviewRow& a, const ReviewRow& b) { return a.review.reviewer < b.review.reviewer; });
  return reviews;
}

absl::StatusOr<int64_t> CountReviews(storage::Transaction& transaction, const PracticeId& practice) {
  return Counted(
      transaction.Execute("SELECT COUNT(*) FROM practice_reviews WHERE practice = $1", {practice.text()}));
}

absl::Status ReplaceReviews(storage::Transaction& transaction, const PracticeId& practice,
                            const std::string& reviewer) {
  return transaction
      .Defer("UPDATE practice_reviews SET replaced = TRUE WHERE practice = $1 AND reviewer = $2",
             {practice.text(), reviewer})
      .status();
}

absl::StatusOr<std::map<TalkTrackId, std::vector<Unit>>> ReadUnits(storage::Transaction& transaction,
                                                                   const std::vector<TalkTrackId>& tracks,
                                                                   absl::Time since) {
  std::vector<Row> rows;
  for (const TalkTrackId& track : tracks) rows.push_back(Row({track.text(), ToMicros(since)}));
  ASSIGN_OR_RETURN(const storage::Result result, transaction.ExecuteMany(R"sql(
SELECT p.track, v.practice, v.levels FROM {rows: track TEXT, since BIGINT} AS r
JOIN practices AS p ON p.track = r.track AND p.state = 3 AND p.practice_time >= r.since
JOIN practice_reviews AS v ON v.practice = p.id AND NOT v.replaced AND NOT v.self
WHERE (SELECT COUNT(*) FROM practice_reviews AS c
       WHERE c.practice = p.id AND NOT c.replaced AND NOT c.self) > 1)sql",
                                                                         rows));
  std::map<TalkTrackId, std::map<std::string, Practice>> practices;
  for (const Row& row : result.rows) {
    Review& review = practices[TalkTrackId(row.Text(0))][row.Text(1)].reviews.emplace_back();
    ASSIGN_OR_RETURN(review.levels, DecodeLevels(row.Text(2)));
  }
  std::map<TalkTrackId, std::vector<Unit>> units;
  for (const auto& [track, of_track] : practices) {
    for (const auto& [id, practice] : of_track) {
      for (Unit& unit : UnitsOf(practice)) units[track].push_back(std::move(unit));
    }
  }
  return units;
}

}  // namespace finalmile::coaching::store
