#include "services/coaching/store/rep_store.h"

#include <fmt/format.h>

#include <algorithm>

#include "libs/base/status.h"
#include "libs/storage/columns.h"

namespace finalmile::coaching::store {
namespace {

using storage::In;
using storage::Row;
using storage::Value;

template <class Field>
auto Of(Field Assignment::*member) {
  return In(&AssignmentRow::assignment, member);
}
template <class Field>
auto OfCertificate(Field Certificate::*member) {
  return In(&CertificateRow::certificate, member);
}
template <class Field>
auto OfRecord(Field MasteryRecord::*member) {
  return In(&MasteryRow::record, member);
}

// Ids hold no space.
constexpr char kBetween = ' ';

std::string Joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : std::string(1, kBetween)) + word;
  return text;
}

std::vector<std::string> Split(std::string_view text) {
  std::vector<std::string> words;
  while (!text.empty()) {
    const size_t end = std::min(text.find(kBetween), text.size());
    words.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return words;
}

}  // namespace

const storage::Table<RepRow> kReps("practice_reps", {"id"},
                                   {{"id", &RepRow::id},
                                    {"seq", &RepRow::seq},
                                    {"due_time", &RepRow::due_time, absl::InfiniteFuture()}});

absl::Status VisitReps(storage::Transaction& transaction, const std::vector<std::string>& reps,
                       absl::Time now) {
  std::vector<Row> rows;
  for (const std::string& rep : reps) rows.push_back(Row({rep, ToMicros(now)}));
  return transaction
      .DeferMany(R"sql(
UPDATE practice_reps SET due_time = CASE WHEN due_time < r.now THEN due_time ELSE r.now END
FROM {rows: rep TEXT, now BIGINT} AS r WHERE id = r.rep)sql",
                 rows)
      .status();
}

absl::Status VisitRepsOf(storage::Transaction& transaction, const std::vector<TalkTrackId>& tracks,
                         absl::Time now) {
  for (const TalkTrackId& track : tracks) {
    RETURN_IF_ERROR(transaction
                        .Defer(R"sql(
UPDATE practice_reps SET due_time = CASE WHEN due_time < $2 THEN due_time ELSE $2 END
WHERE id IN (
  SELECT rep FROM practices WHERE track = $1 AND state <> 1
  UNION SELECT rep FROM practice_assignments WHERE track = $1 AND kind = 3 AND state IN (1, 2)
  UNION SELECT m.host FROM talk_tracks AS t
    JOIN practice_meetings AS m ON m.situation = t.situation AND m.planned AND m.start_time > $2
    WHERE t.id = $1))sql",
                               {track.text(), ToMicros(now)})
                        .status());
  }
  return absl::OkStatus();
}

const storage::Table<MasteryRow> kMasteries(
    "practice_masteries", {"rep", "track"},
    {{"rep", &MasteryRow::rep},
     {"track", &MasteryRow::track},
     {"state", OfRecord(&MasteryRecord::state)},
     {"lapse_reason", "BIGINT",
      [](const MasteryRow& row) -> Value {
        const std::optional<LapseReason>& reason = row.record.lapse_reason;
        return reason ? static_cast<int64_t>(*reason) : int64_t{0};
      },
      [](const Row& row, size_t column, MasteryRow& record) {
        record.record.lapse_reason.reset();
        if (const int64_t number = row.Int(column); number != 0)
          record.record.lapse_reason = static_cast<LapseReason>(number);
        return absl::OkStatus();
      }},
     {"certificate_version", OfRecord(&MasteryRecord::certificate_version)},
     {"rehearsed", OfRecord(&MasteryRecord::rehearsed)}});

absl::StatusOr<std::vector<MasteryRow>> ReadMasteries(storage::Transaction& transaction,
                                                      const std::string& rep) {
  ASSIGN_OR_RETURN(const storage::Result result,
                   transaction.Execute(kMasteries.select() + " WHERE rep = $1 ORDER BY track", {rep}));
  return kMasteries.Records(result);
}

absl::StatusOr<std::map<TalkTrackId, std::map<MasteryState, int64_t>>> CountMasteries(
    storage::Transaction& transaction) {
  ASSIGN_OR_RETURN(
      const storage::Result result,
      transaction.Execute("SELECT track, state, COUNT(*) FROM practice_masteries GROUP BY track, state"));
  std::map<TalkTrackId, std::map<MasteryState, int64_t>> counts;
  for (const Row& row : result.rows)
    counts[TalkTrackId(row.Text(0))][static_cast<MasteryState>(row.Int(1))] = row.Int(2);
  return counts;
}

const storage::Table<CertificateRow> kCertificates(
    "practice_certificates", {"id"},
    {{"id", &CertificateRow::id},
     {"rep", &CertificateRow::rep},
     {"track", &CertificateRow::track},
     {"state", OfCertificate(&Certificate::state)},
     {"track_version", OfCertificate(&Certificate::track_version)},
     {"issue_time", OfCertificate(&Certificate::issue_time)},
     {"valid_until", OfCertificate(&Certificate::valid_until), absl::InfiniteFuture()},
     {"withdrawn_time", OfCertificate(&Certificate::withdrawn_time), absl::InfinitePast()}});

absl::StatusOr<std::vector<CertificateRow>> ReadCertificates(storage::Transaction& transaction,
                                                             const std::string& rep) {
  ASSIGN_OR_RETURN(const storage::Result result, transaction.Execute(kCertificates.select() + R"sql(
WHERE rep = $1 AND (state = 1 OR (state = 2 AND NOT EXISTS (
  SELECT 1 FROM practice_certificates AS later
  WHERE later.rep = practice_certificates.rep AND later.track = practice_certificates.track AND later.state = 2
    AND (later.issue_time, later.id) > (practice_certificates.issue_time, practice_certificates.id))))
ORDER BY id)sql",
                                                                     {rep}));
  return kCertificates.Records(result);
}

absl::StatusOr<std::vector<CertificateRow>> ListCertificates(storage::Transaction& transaction,
                                                             const std::string& rep, absl::Time before,
                                                             const std::string& id, int limit) {
  ASSIGN_OR_RETURN(const storage::Result result,
                   transaction.Execute(kCertificates.select() + R"sql(
WHERE rep = $1 AND (issue_time, id) < ($2, $3)
ORDER BY issue_time DESC, id DESC LIMIT $4)sql",
                                       {rep, ToMicros(before), id, int64_t{limit}}));
  return kCertificates.Records(result);
}

const storage::Table<AssignmentRow> kAssignments(
    "practice_assignments", {"id"},
    {{"id", &AssignmentRow::id},
     {"rep", &AssignmentRow::rep},
     {"track", &AssignmentRow::track},
     {"cause", &AssignmentRow::cause},
     {"kind", Of(&Assignment::kind)},
     {"state", Of(&Assignment::state)},
     {"assign_time", Of(&Assignment::assign_time)},
     {"due_at", Of(&Assignment::due_time), absl::InfiniteFuture()},
     {"end_time", Of(&Assignment::end_time), absl::InfinitePast()},
     {"criterion", &AssignmentRow::criterion},
     {"appointments", "TEXT", [](const AssignmentRow& row) -> Value { return Joined(row.appointments); },
      [](const Row& row, size_t column, AssignmentRow& record) {
        record.appointments = Split(row.Text(column));
        return absl::OkStatus();
      }},
     {"assigned_by", &AssignmentRow::by},
     {"practice", &AssignmentRow::practice}});

std::string CauseOf(const LowPair& pair) {
  return fmt::format("low {} {} {}", pair.criterion, pair.first, pair.second);
}

std::string CauseOfMeeting(const std::string& appointment) { return "meeting " + appointment; }

LowPair PairOf(const AssignmentRow& row) {
  return {row.criterion, row.appointments.at(0), row.appointments.at(1)};
}

absl::StatusOr<std::vector<AssignmentRow>> ReadAssignments(storage::Transaction& transaction,
                                                           const std::string& rep,
                                                           const std::vector<std::string>& meetings) {
  ASSIGN_OR_RETURN(const storage::Result result,
                   transaction.Execute(
                       kAssignments.select() + " WHERE rep = $1 AND (state IN (1, 2) OR kind = 2)", {rep}));
  ASSIGN_OR_RETURN(std::vector<AssignmentRow> rows, kAssignments.Records(result));
  std::vector<Row> causes;
  for (const std::string& meeting : meetings) causes.push_back(Row({rep, CauseOfMeeting(meeting)}));
  ASSIGN_OR_RETURN(const storage::Result ended, transaction.ExecuteMany(fmt::format(R"sql(
{} WHERE (rep, cause) IN (SELECT r.rep, r.cause FROM {{rows: rep TEXT, cause TEXT}} AS r) AND state > 2)sql",
                                                                                    kAssignments.select()),
                                                                        causes));
  ASSIGN_OR_RETURN(std::vector<AssignmentRow> of_meetings, kAssignments.Records(ended));
  rows.insert(rows.end(), of_meetings.begin(), of_meetings.end());
  std::sort(rows.begin(), rows.end(),
            [](const AssignmentRow& a, const AssignmentRow& b) { return a.id < b.id; });
  return rows;
}

absl::StatusOr<std::map<TalkTrackId, int64_t>> CountListed(storage::Transaction& transaction) {
  ASSIGN_OR_RETURN(
      const storage::Result result,
      transaction.Execute("SELECT track, COUNT(*) FROM practice_assignments WHERE state IN (1, 2) "
                          "GROUP BY track"));
  std::map<TalkTrackId, int64_t> listed;
  for (const Row& row : result.rows) listed[TalkTrackId(row.Text(0))] = row.Int(1);
  return listed;
}

absl::Status DeleteAssignments(storage::Transaction& transaction, const std::string& rep, absl::Time ended) {
  return transaction
      .Defer("DELETE FROM practice_assignments WHERE rep = $1 AND end_time < $2", {rep, ToMicros(ended)})
      .status();
}

}  // namespace finalmile::coaching::store
