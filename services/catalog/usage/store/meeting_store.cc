#include "services/catalog/usage/store/meeting_store.h"

#include <map>

#include "libs/base/clock.h"
#include "libs/base/status.h"
#include "libs/storage/columns.h"
#include "libs/storage/table.h"

namespace finalmile::catalog::usage::store {
namespace {

using domain::Meeting;
using domain::Outcome;
using domain::Touch;

storage::Column<MeetingRow> Mark(std::string_view name, Outcome outcome) {
  return {name, "BOOLEAN",
          [outcome](const MeetingRow& row) -> storage::Value { return row.meeting.outcome == outcome; },
          [outcome](const storage::Row& row, size_t column, MeetingRow& into) {
            if (row.Bool(column)) into.meeting.outcome = outcome;
            return absl::OkStatus();
          }};
}

// was_set and matured are the release before's.
const storage::Table<MeetingRow> kMeetings(
    "meetings", {"chain"},
    {{"chain", &MeetingRow::chain},
     {"lead", &MeetingRow::lead},
     {"was_set", "BOOLEAN", [](const MeetingRow&) -> storage::Value { return true; }},
     Mark("held", Outcome::kHeld),
     Mark("left_out", Outcome::kLeftOut),
     {"matured", "BOOLEAN", [](const MeetingRow&) -> storage::Value { return true; }},
     {"set_time", storage::In(&MeetingRow::meeting, &Meeting::set_time)},
     {"update_time", &MeetingRow::update_time}});

struct TouchRow {
  std::string chain;
  Touch touch;
};
// grade and stage are the release before's.
const storage::Table<TouchRow> kTouches(
    "meeting_touches", {"chain", "asset", "version"},
    {{"chain", &TouchRow::chain},
     {"asset", storage::In(&TouchRow::touch, &Touch::asset)},
     {"version", storage::In(&TouchRow::touch, &Touch::version)},
     {"grade", "TEXT", [](const TouchRow&) -> storage::Value { return std::string(); }},
     {"stage", "TEXT", [](const TouchRow&) -> storage::Value { return std::string(); }},
     {"told_time", storage::In(&TouchRow::touch, &Touch::told_time)}});

}  // namespace

absl::StatusOr<std::vector<MeetingRow>> ReadMeetings(storage::Transaction& transaction,
                                                     const std::vector<domain::LeadName>& leads) {
  ASSIGN_OR_RETURN(const storage::Result result, transaction.ExecuteMany(kMeetings.select() + R"sql(
WHERE lead IN (SELECT r.id FROM {rows: id TEXT} AS r))sql",
                                                                         storage::IdRows(leads)));
  ASSIGN_OR_RETURN(std::vector<MeetingRow> meetings, kMeetings.Records(result));
  std::map<std::string, MeetingRow*> by_chain;
  std::vector<std::string> chains;
  for (MeetingRow& meeting : meetings) {
    by_chain[meeting.chain] = &meeting;
    chains.push_back(meeting.chain);
  }
  ASSIGN_OR_RETURN(const storage::Result read, transaction.ExecuteMany(kTouches.select() + R"sql(
WHERE chain IN (SELECT r.id FROM {rows: id TEXT} AS r))sql",
                                                                       storage::IdRows(chains)));
  ASSIGN_OR_RETURN(std::vector<TouchRow> touches, kTouches.Records(read));
  for (TouchRow& row : touches) {
    Meeting& meeting = by_chain.at(row.chain)->meeting;
    // The release before did not keep it.
    if (row.touch.told_time == absl::UnixEpoch()) row.touch.told_time = meeting.set_time;
    meeting.touches.push_back(std::move(row.touch));
  }
  return meetings;
}

absl::StatusOr<std::vector<domain::LeadName>> LeadsOf(storage::Transaction& transaction,
                                                      const std::vector<std::string>& chains) {
  return storage::FirstTexts<domain::LeadName>(transaction.ExecuteMany(R"sql(
SELECT m.lead FROM {rows: id TEXT} AS r JOIN meetings AS m ON m.chain = r.id)sql",
                                                                       storage::IdRows(chains)));
}

absl::Status WriteMeetings(storage::Transaction& transaction, const std::vector<MeetingRow>& meetings) {
  std::vector<std::string> chains;
  std::vector<TouchRow> touches;
  for (const MeetingRow& row : meetings) {
    chains.push_back(row.chain);
    for (const Touch& touch : row.meeting.touches) touches.push_back({row.chain, touch});
  }
  RETURN_IF_ERROR(kMeetings.InsertOrUpdate(transaction, storage::Pointers(meetings)));
  RETURN_IF_ERROR(transaction
                      .DeferMany(R"sql(
DELETE FROM meeting_touches WHERE chain IN (SELECT r.id FROM {rows: id TEXT} AS r))sql",
                                 storage::IdRows(chains))
                      .status());
  return kTouches.Insert(transaction, storage::Pointers(touches));
}

absl::StatusOr<bool> AnyMeeting(storage::Transaction& transaction) {
  ASSIGN_OR_RETURN(const storage::Result result, transaction.Execute("SELECT chain FROM meetings LIMIT 1"));
  return !result.rows.empty();
}

}  // namespace finalmile::catalog::usage::store
