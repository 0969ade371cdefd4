#include "services/catalog/usage/store/meeting_store.h"

#include <array>
#include <map>

#include "libs/base/clock.h"
#include "libs/base/status.h"
#include "libs/storage/table.h"

namespace finalmile::catalog::usage::store {
namespace {

using domain::Outcome;
using domain::Touch;

const storage::Table<MeetingRow> kMeetings("meetings", {"chain"},
                                           {{"chain", &MeetingRow::chain},
                                            {"lead", &MeetingRow::lead},
                                            {"was_set", storage::In(&MeetingRow::outcome, &Outcome::set)},
                                            {"held", storage::In(&MeetingRow::outcome, &Outcome::held)},
                                            {"matured", storage::In(&MeetingRow::outcome, &Outcome::matured)},
                                            {"set_time", &MeetingRow::set_time},
                                            {"update_time", &MeetingRow::update_time}});

struct TouchRow {
  std::string chain;
  Touch touch;
};
const storage::Table<TouchRow> kTouches("meeting_touches", {"chain", "asset", "version"},
                                        {{"chain", &TouchRow::chain},
                                         {"asset", storage::In(&TouchRow::touch, &Touch::asset)},
                                         {"version", storage::In(&TouchRow::touch, &Touch::version)},
                                         {"grade", storage::In(&TouchRow::touch, &Touch::grade)},
                                         {"stage", storage::In(&TouchRow::touch, &Touch::stage)}});

// The meetings of a result with all columns, with their touches.
absl::StatusOr<std::vector<MeetingRow>> ReadMeetings(storage::Transaction& transaction,
                                                     const storage::Result& result) {
  ASSIGN_OR_RETURN(std::vector<MeetingRow> meetings, kMeetings.Records(result));
  std::map<std::string, MeetingRow*> by_chain;
  std::vector<std::string> chains;
  for (MeetingRow& meeting : meetings) {
    by_chain[meeting.chain] = &meeting;
    chains.push_back(meeting.chain);
  }
  ASSIGN_OR_RETURN(const storage::Result read, transaction.ExecuteMany(kTouches.select() + R"sql(
WHERE chain IN (SELECT r.chain FROM {rows: chain TEXT} AS r))sql",
                                                                       storage::IdRows(chains)));
  ASSIGN_OR_RETURN(std::vector<TouchRow> touches, kTouches.Records(read));
  for (TouchRow& row : touches) by_chain.at(row.chain)->touches.push_back(std::move(row.touch));
  return meetings;
}

}  // namespace

absl::StatusOr<std::optional<MeetingRow>> LockMeeting(storage::Transaction& transaction,
                                                      const std::string& chain) {
  ASSIGN_OR_RETURN(const storage::Result result,
                   transaction.Execute(kMeetings.select() + " WHERE chain = $1 {for_update}", {chain}));
  ASSIGN_OR_RETURN(std::vector<MeetingRow> meetings, ReadMeetings(transaction, result));
  if (meetings.empty()) return std::nullopt;
  return std::move(meetings[0]);
}

absl::StatusOr<std::vector<MeetingRow>> LockUnknownMeetings(storage::Transaction& transaction,
                                                            absl::Time time, int limit) {
  ASSIGN_OR_RETURN(const storage::Result result, transaction.Execute(kMeetings.select() + R"sql(
WHERE was_set AND NOT matured AND set_time <= $1
ORDER BY set_time
LIMIT $2 {skip_locked})sql",
                                                                     {ToMicros(time), int64_t{limit}}));
  return ReadMeetings(transaction, result);
}

absl::Status WriteMeeting(storage::Transaction& transaction, const MeetingRow& meeting) {
  RETURN_IF_ERROR(kMeetings.InsertOrUpdate(transaction, std::array{&meeting}));
  RETURN_IF_ERROR(
      transaction.Defer("DELETE FROM meeting_touches WHERE chain = $1", {meeting.chain}).status());
  std::vector<TouchRow> touches;
  for (const Touch& touch : meeting.touches) touches.push_back({meeting.chain, touch});
  return kTouches.Insert(transaction, storage::Pointers(touches));
}

}  // namespace finalmile::catalog::usage::store
