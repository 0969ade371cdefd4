#include "services/coaching/store/meeting_store.h"

#include <fmt/format.h>

#include "libs/base/status.h"
#include "libs/storage/columns.h"

namespace finalmile::coaching::store {
namespace {

using storage::Row;

// ConversationScored.SOURCE_SELF.
constexpr int64_t kSelf = 3;

constexpr std::string_view kScored = R"sql(
SELECT s.criterion, s.source, m.id, m.host, m.situation, m.start_time
FROM practice_low_scores AS s JOIN practice_meetings AS m ON m.id = s.meeting AND m.held)sql";

std::vector<ScoredMeeting> ScoredIn(const storage::Result& result) {
  std::vector<ScoredMeeting> scored;
  for (const Row& row : result.rows) {
    scored.push_back({row.Text(0),
                      row.Int(1) == kSelf,
                      {.id = row.Text(2),
                       .host = row.Text(3),
                       .situation = row.Text(4),
                       .start_time = FromMicros(row.Int(5)),
                       .held = true}});
  }
  return scored;
}

}  // namespace

const storage::Table<MeetingRow> kMeetings("practice_meetings", {"id"},
                                           {{"id", &MeetingRow::id},
                                            {"host", &MeetingRow::host},
                                            {"situation", &MeetingRow::situation},
                                            {"start_time", &MeetingRow::start_time},
                                            {"planned", &MeetingRow::planned},
                                            {"held", &MeetingRow::held},
                                            {"due_time", &MeetingRow::due_time, absl::InfiniteFuture()}});

absl::StatusOr<std::map<std::string, MeetingRow>> ReadMeetings(storage::Transaction& transaction,
                                                               const std::vector<std::string>& ids) {
  ASSIGN_OR_RETURN(const storage::Deferred read, kMeetings.DeferRead(transaction, ids));
  RETURN_IF_ERROR(transaction.Settle());
  ASSIGN_OR_RETURN(std::vector<MeetingRow> rows, kMeetings.Records(*read));
  std::map<std::string, MeetingRow> meetings;
  for (MeetingRow& row : rows) {
    std::string id = row.id;
    meetings.emplace(std::move(id), std::move(row));
  }
  return meetings;
}

absl::StatusOr<std::vector<MeetingRow>> PlannedMeetings(storage::Transaction& transaction,
                                                        const std::string& host) {
  ASSIGN_OR_RETURN(const storage::Result result,
                   transaction.Execute(
                       kMeetings.select() + " WHERE host = $1 AND planned ORDER BY start_time, id", {host}));
  return kMeetings.Records(result);
}

absl::Status DeleteMeetings(storage::Transaction& transaction, const std::vector<std::string>& ids) {
  const std::vector<Row> rows = storage::IdRows(ids);
  for (const char* sql :
       {"DELETE FROM practice_low_scores WHERE meeting IN (SELECT r.id FROM {rows: id TEXT} AS r)",
        "DELETE FROM practice_meetings WHERE id IN (SELECT r.id FROM {rows: id TEXT} AS r)"})
    RETURN_IF_ERROR(transaction.DeferMany(sql, rows).status());
  return absl::OkStatus();
}

const storage::Table<LowScoreRow> kLowScores("practice_low_scores",
                                             {"meeting", "source", "rater", "criterion"},
                                             {{"meeting", &LowScoreRow::meeting},
                                              {"source", &LowScoreRow::source},
                                              {"rater", &LowScoreRow::rater},
                                              {"criterion", &LowScoreRow::criterion}});

absl::Status DeleteLowScores(storage::Transaction& transaction, const std::string& meeting, int64_t source,
                             const std::string& rater) {
  return transaction
      .Defer("DELETE FROM practice_low_scores WHERE meeting = $1 AND source = $2 AND rater = $3",
             {meeting, source, rater})
      .status();
}

absl::StatusOr<std::vector<ScoredMeeting>> LowScoresOf(storage::Transaction& transaction,
                                                       const std::string& host) {
  ASSIGN_OR_RETURN(const storage::Result result,
                   transaction.Execute(fmt::format("{} WHERE m.host = $1", kScored), {host}));
  return ScoredIn(result);
}

absl::StatusOr<std::vector<ScoredMeeting>> AllLowScores(storage::Transaction& transaction, int limit) {
  ASSIGN_OR_RETURN(
      const storage::Result result,
      transaction.Execute(fmt::format("{} WHERE s.source <> {} ORDER BY m.start_time DESC, m.id, "
                                      "s.criterion LIMIT $1",
                                      kScored, kSelf),
                          {int64_t{limit}}));
  return ScoredIn(result);
}

}  // namespace finalmile::coaching::store
