#include "services/coaching/timers/meeting_timer.h"

#include "libs/base/status.h"
#include "libs/storage/columns.h"

namespace finalmile::coaching::timers {

absl::Status MeetingTimer::Visit(storage::Transaction& transaction, const std::vector<std::string>& ids,
                                 absl::Time now) {
  ASSIGN_OR_RETURN(const storage::Deferred locked,
                   store::kMeetings.DeferLock(transaction, storage::SortedUnique(ids)));
  RETURN_IF_ERROR(transaction.Settle());
  ASSIGN_OR_RETURN(const std::vector<store::MeetingRow> meetings, store::kMeetings.Records(*locked));
  std::vector<std::string> over;
  for (const store::MeetingRow& meeting : meetings) {
    // It may have been moved before it was locked.
    if (meeting.due_time <= now) over.push_back(meeting.id);
  }
  return store::DeleteMeetings(transaction, over);
}

}  // namespace finalmile::coaching::timers
