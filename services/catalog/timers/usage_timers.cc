#include "services/catalog/timers/usage_timers.h"

#include <algorithm>

#include "libs/base/status.h"
#include "services/catalog/store/lead_store.h"
#include "services/catalog/usage/credit.h"
#include "services/catalog/usage/retention.h"
#include "services/catalog/usage/usage_batch.h"

namespace finalmile::catalog::timers {
namespace {

constexpr int kChunk = 500;
constexpr absl::Duration kSweepEvery = absl::Minutes(10);

}  // namespace

absl::StatusOr<absl::Time> MaturityTimer::RunDue(storage::Transaction& transaction, absl::Time now,
                                                 int rows) {
  const absl::Time old = now - domain::kMaturity;
  usage::CreditBook book;
  ASSIGN_OR_RETURN(const std::vector<domain::Touch> uses, store::MatureUses(transaction, old, rows));
  for (const domain::Touch& use : uses) book.AddMatured(use, 1);
  ASSIGN_OR_RETURN(const std::vector<store::ArmKey> trials, store::MatureTrials(transaction, old, rows));
  for (const store::ArmKey& trial : trials) book.AddMatured(trial);
  ASSIGN_OR_RETURN(const std::vector<store::MeetingRow> meetings,
                   store::LockUnknownMeetings(transaction, old, rows));
  for (const store::MeetingRow& before : meetings) {
    store::MeetingRow after = before;
    after.outcome.matured = true;
    ASSIGN_OR_RETURN(const std::vector<store::ArmKey> of, store::TrialsOf(transaction, before.chain));
    book.Move(before, after, of);
    RETURN_IF_ERROR(store::WriteMeeting(transaction, after, now));
  }
  RETURN_IF_ERROR(book.Write(transaction));
  ASSIGN_OR_RETURN(const absl::Time first, store::FirstToMature(transaction));
  return first + domain::kMaturity;
}

absl::StatusOr<absl::Duration> UsageSweeper::Run(storage::Leadership& leadership) {
  int64_t most = 0;
  const outbox::Cause cause = outbox::CauseOf("catalog.usage_sweeper");
  RETURN_IF_ERROR(leadership.Transact(
      {.deadline = clock_.Steady() + outbox::kTurnTimeout},
      [&](storage::Transaction& transaction) -> absl::Status {
        const absl::Time now = clock_.Now();
        ASSIGN_OR_RETURN(most, store::DeleteUsage(transaction, now - usage::kRetention, kChunk));
        ASSIGN_OR_RETURN(const int64_t leads,
                         store::DeleteIdleLeads(transaction, now - usage::kRetention, kChunk));
        ASSIGN_OR_RETURN(std::vector<std::string> gaps,
                         store::IdleSearches(transaction, now - usage::kSearchPatience, kChunk));
        ASSIGN_OR_RETURN(const std::vector<std::string> closed,
                         store::ClosedGaps(transaction, now - usage::kWordsKept, kChunk));
        most = std::max<int64_t>({most, leads, std::ssize(gaps), std::ssize(closed)});
        gaps.insert(gaps.end(), closed.begin(), closed.end());
        usage::UsageBatch batch(transaction, {clock_, rng_, now, cause});
        RETURN_IF_ERROR(batch.LockGaps(std::move(gaps)));
        for (const std::string& id : batch.LockedGaps()) {
          store::GapRow& gap = *batch.Gap(id);
          if (domain::IsClosed(gap.gap)) {
            batch.EraseWords(gap, now - usage::kWordsKept);
            continue;
          }
          // Somebody searched again, asked for it or answered it, before it was locked.
          const bool idle_still = gap.gap.state == domain::GapState::kOpen && gap.gap.askers.empty() &&
                                  gap.ask_time <= now - usage::kSearchPatience;
          if (!idle_still) continue;
          RETURN_IF_ERROR(batch.Answer(gap, [](domain::Gap& of) {
            return domain::Decline(of, "nobody has searched for it again for 90 days");
          }));
        }
        return batch.Write();
      }));
  return most == kChunk ? absl::ZeroDuration() : clock_.Steady() + kSweepEvery;
}

}  // namespace finalmile::catalog::timers
