#include "services/leads/timers/lead_timers.h"

#include "libs/base/status.h"
#include "services/leads/handlers/scoring_handlers.h"
#include "services/leads/scoring/lead_batch.h"

namespace finalmile::leads::timers {
namespace {

using storage::Transaction;

constexpr int kChunk = 200;

// Locks `ids`, scores them as they are now, writes what changed.
absl::Status Revisit(Transaction& transaction, scoring::Policies& policies, Clock& clock, Rng& rng,
                     const std::vector<std::string>& ids, std::string_view task, std::string_view why) {
  const scoring::Cause cause = outbox::CauseOf(task);
  scoring::LeadBatch batch(transaction, policies, {clock, rng, clock.Now(), cause});
  RETURN_IF_ERROR(batch.Lock(ids, scoring::LeadBatch::Absent::kLeaveOut));
  for (const std::string& id : ids) {
    if (batch.Find(id) != nullptr) batch.Visit(id);
  }
  return batch.Write(why);
}

}  // namespace

absl::StatusOr<absl::Time> FadingTimer::RunDue(Transaction& transaction, absl::Time now, int rows) {
  ASSIGN_OR_RETURN(std::vector<std::string> due, store::DueLeads(transaction, now, rows));
  if (!due.empty()) {
    RETURN_IF_ERROR(Revisit(transaction, policies_, clock_, rng_, due, "leads.fading", "fading"));
  }
  return store::NextDueTime(transaction);
}

std::string_view Rescorer::channel() const { return handlers::kPolicyChannel; }

absl::StatusOr<absl::Duration> Rescorer::Run(storage::Leadership& leadership) {
  bool more = false;
  RETURN_IF_ERROR(leadership.Transact(
      {.deadline = clock_.Steady() + outbox::kTurnTimeout},
      [&](Transaction& transaction) -> absl::Status {
        ASSIGN_OR_RETURN(const int64_t in_force, store::PolicyInForce(transaction));
        ASSIGN_OR_RETURN(std::vector<std::string> ids,
                         store::LeadsNotUnderPolicy(transaction, in_force, kChunk));
        more = static_cast<int>(ids.size()) == kChunk;
        if (ids.empty()) return absl::OkStatus();
        return Revisit(transaction, policies_, clock_, rng_, ids, "leads.rescorer", "policy");
      }));
  return more ? absl::ZeroDuration() : clock_.Steady() + outbox::kLookAgain;
}

}  // namespace finalmile::leads::timers
