#include "services/catalog/usage/timers/usage_sweeper.h"

#include <algorithm>

#include "libs/base/status.h"
#include "services/catalog/usage/retention.h"
#include "services/catalog/usage/store/credit_store.h"
#include "services/catalog/usage/store/gap_store.h"
#include "services/catalog/usage/store/lead_store.h"
#include "services/catalog/usage/store/own_text_store.h"
#include "services/catalog/usage/usage_batch.h"

namespace finalmile::catalog::usage::timers {
namespace {

constexpr int kChunk = 500;
constexpr absl::Duration kSweepEvery = absl::Minutes(10);

}  // namespace

absl::StatusOr<absl::Duration> UsageSweeper::Run(storage::Leadership& leadership) {
  int64_t most = 0;
  const outbox::Cause cause = outbox::CauseOf("catalog.usage_sweeper");
  RETURN_IF_ERROR(leadership.Transact(
      {.deadline = clock_.Steady() + outbox::kTurnTimeout},
      [&](storage::Transaction& transaction) -> absl::Status {
        const absl::Time now = clock_.Now();
        ASSIGN_OR_RETURN(most, store::DeleteUsage(transaction, now - kRetention, kChunk));
        ASSIGN_OR_RETURN(const int64_t leads, store::DeleteIdleLeads(transaction, now - kRetention, kChunk));
        ASSIGN_OR_RETURN(const int64_t texts,
                         store::DeleteOwnTexts(transaction, now - kSketchesKept, kChunk));
        ASSIGN_OR_RETURN(std::vector<std::string> gaps,
                         store::IdleSearches(transaction, now - kSearchPatience, kChunk));
        ASSIGN_OR_RETURN(const std::vector<std::string> closed,
                         store::ClosedGaps(transaction, now - kWordsKept, kChunk));
        most = std::max<int64_t>({most, leads, texts, std::ssize(gaps), std::ssize(closed)});
        gaps.insert(gaps.end(), closed.begin(), closed.end());
        UsageBatch batch(transaction, {clock_, rng_, now, cause});
        RETURN_IF_ERROR(batch.LockGaps(std::move(gaps)));
        for (const std::string& id : batch.LockedGaps()) {
          store::GapRow& gap = *batch.Gap(id);
          if (domain::IsClosed(gap.gap)) {
            batch.EraseWords(gap, now - kWordsKept);
            continue;
          }
          // Somebody searched again, asked for it or answered it, before it was locked.
          const bool idle_still = gap.gap.state == domain::GapState::kOpen && gap.gap.askers.empty() &&
                                  gap.ask_time <= now - kSearchPatience;
          if (!idle_still) continue;
          RETURN_IF_ERROR(batch.Answer(gap, [](domain::Gap& of) {
            return domain::Decline(of, "nobody has searched for it again for 90 days");
          }));
        }
        return batch.Write();
      }));
  return most == kChunk ? absl::ZeroDuration() : clock_.Steady() + kSweepEvery;
}

}  // namespace finalmile::catalog::usage::timers
