#include "services/catalog/usage/timers/maturity_timer.h"

#include <vector>

#include "libs/base/status.h"
#include "services/catalog/usage/credit.h"
#include "services/catalog/usage/store/credit_store.h"
#include "services/catalog/usage/store/meeting_store.h"
#include "services/catalog/usage/store/offer_store.h"

namespace finalmile::catalog::usage::timers {

absl::StatusOr<absl::Time> MaturityTimer::RunDue(storage::Transaction& transaction, absl::Time now,
                                                 int rows) {
  const absl::Time old = now - domain::kMaturity;
  CreditBook book;
  ASSIGN_OR_RETURN(const std::vector<domain::Touch> uses, store::MatureUses(transaction, old, rows));
  for (const domain::Touch& use : uses) book.AddMatured(use, 1);
  ASSIGN_OR_RETURN(const std::vector<store::ArmKey> trials, store::MatureTrials(transaction, old, rows));
  for (const store::ArmKey& trial : trials) book.AddMatured(trial);
  ASSIGN_OR_RETURN(const std::vector<store::MeetingRow> meetings,
                   store::LockUnknownMeetings(transaction, old, rows));
  for (const store::MeetingRow& before : meetings) {
    store::MeetingRow after = before;
    after.outcome.matured = true;
    after.update_time = now;
    ASSIGN_OR_RETURN(const std::vector<store::ArmKey> of, store::TrialsOf(transaction, before.chain));
    book.Move(before, after, of);
    RETURN_IF_ERROR(store::WriteMeeting(transaction, after));
  }
  RETURN_IF_ERROR(book.Write(transaction));
  ASSIGN_OR_RETURN(const absl::Time first, store::FirstToMature(transaction));
  return first + domain::kMaturity;
}

}  // namespace finalmile::catalog::usage::timers
