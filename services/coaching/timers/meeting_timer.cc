#include "services/coaching/timers/meeting_timer.h"

#include "libs/base/status.h"
#include "libs/storage/columns.h"
#include "services/coaching/store/rep_store.h"

namespace finalmile::coaching::timers {

absl::Status MeetingTimer::Visit(storage::Transaction& transaction, const std::vector<std::string>& ids,
                                 absl::Time now) {
  ASSIGN_OR_RETURN(const storage::Deferred locked,
                   store::kMeetings.DeferLock(transaction, storage::SortedUnique(ids)));
  RETURN_IF_ERROR(transaction.Settle());
  ASSIGN_OR_RETURN(const std::vector<store::MeetingRow> meetings, store::kMeetings.Records(*locked));
  std::vector<std::string> over;
  std::vector<std::string> hosts;
  for (const store::MeetingRow& meeting : meetings) {
    // It may have been moved before it was locked.
    if (meeting.due_time > now) continue;
    over.push_back(meeting.id);
    // Nobody said what became of it: its rehearsal goes with it.
    if (meeting.planned) hosts.push_back(meeting.host);
  }
  RETURN_IF_ERROR(store::VisitReps(transaction, storage::SortedUnique(std::move(hosts)), now));
  return store::DeleteMeetings(transaction, over);
}

}  // namespace finalmile::coaching::timers
