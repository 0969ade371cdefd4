#include "services/leads/timers/history_sweeper.h"

#include "libs/base/status.h"
#include "services/leads/domain/lead_rules.h"
#include "services/leads/scoring/ageing.h"
#include "services/leads/store/activity_store.h"
#include "services/leads/store/deletion_store.h"
#include "services/leads/store/fact_store.h"
#include "services/leads/store/import_store.h"
#include "services/leads/store/lead_store.h"
#include "services/leads/store/sales_store.h"
#include "services/leads/store/source_row_store.h"

namespace finalmile::leads::timers {
namespace {

using storage::Transaction;

constexpr absl::Duration kBetweenLooks = absl::Seconds(1);
constexpr absl::Duration kBetweenRounds = absl::Minutes(10);

}  // namespace

absl::StatusOr<absl::Duration> HistorySweeper::Run(storage::Leadership& leadership) {
  return work_.empty() ? Look(leadership) : Remove(leadership);
}

absl::StatusOr<absl::Duration> HistorySweeper::Look(storage::Leadership& leadership) {
  struct Seen {
    std::vector<Work> work;
    domain::LeadId last;
    bool more_imports = false;
    bool full = false;
  };
  const absl::Time now = clock_.Now();
  const auto look = [&](Transaction& transaction, int rows) -> absl::StatusOr<Seen> {
    Seen seen;
    if (after_.empty()) {
      ASSIGN_OR_RETURN(const int64_t deleted,
                       store::DeleteImports(transaction, now - domain::kHistory, now, rows));
      ASSIGN_OR_RETURN(const int64_t changes,
                       store::DeleteOldChanges(transaction, now - domain::kUndo, rows));
      ASSIGN_OR_RETURN(const int64_t deletions,
                       store::ForgetDeletions(transaction, now - domain::kActivitiesKept, rows));
      ASSIGN_OR_RETURN(const int64_t sales,
                       store::DeleteSalesFacts(transaction, now - domain::kHistory, rows));
      seen.more_imports = deleted == rows || changes == rows || deletions == rows || sales == rows;
    }
    ASSIGN_OR_RETURN(const std::vector<domain::LeadId> leads, store::AllLeads(transaction, after_, rows));
    ASSIGN_OR_RETURN(const std::vector<domain::LeadId> activities,
                     store::WithActivitiesBefore(transaction, leads, now - domain::kActivitiesKept));
    ASSIGN_OR_RETURN(const std::vector<domain::LeadId> facts,
                     store::WithFactsBefore(transaction, leads, now - domain::kHistory));
    for (const domain::LeadId& lead : activities) seen.work.push_back({.lead = lead, .activities = true});
    for (const domain::LeadId& lead : facts) seen.work.push_back({.lead = lead, .activities = false});
    if (!leads.empty()) seen.last = leads.back();
    seen.full = std::ssize(leads) == rows;
    return seen;
  };
  ASSIGN_OR_RETURN(Seen seen, outbox::RunChunk(leadership, clock_, look_, look));
  work_ = std::move(seen.work);
  if (seen.more_imports) return absl::ZeroDuration();
  after_ = seen.full ? std::move(seen.last) : domain::LeadId();
  if (!work_.empty()) return absl::ZeroDuration();
  return clock_.Steady() + (seen.full ? kBetweenLooks : kBetweenRounds);
}

absl::StatusOr<absl::Duration> HistorySweeper::Remove(storage::Leadership& leadership) {
  const Work& work = work_.back();
  const absl::Time now = clock_.Now();
  const absl::Duration begun = clock_.Steady();
  const auto remove = [&](Transaction& transaction, int rows) -> absl::StatusOr<outbox::Chunk> {
    if (work.activities) {
      ASSIGN_OR_RETURN(const bool all, scoring::AgeActivities(transaction, policies_, work.lead,
                                                              now - domain::kActivitiesKept, rows));
      return outbox::Chunk{.full = !all};
    }
    ASSIGN_OR_RETURN(const int64_t deleted,
                     store::DeleteFacts(transaction, work.lead, now - domain::kHistory, rows));
    return outbox::Chunk{.full = deleted == rows};
  };
  ASSIGN_OR_RETURN(const outbox::Chunk done, outbox::RunChunk(leadership, clock_, remove_, remove));
  if (!done.full) work_.pop_back();
  // At most half of the time.
  return clock_.Steady() + (clock_.Steady() - begun);
}

}  // namespace finalmile::leads::timers
