#include "services/leads/timers/lead_timers.h"

#include "libs/base/status.h"
#include "services/leads/domain/lead_rules.h"
#include "services/leads/scoring/lead_batch.h"

namespace finalmile::leads::timers {
namespace {

using storage::Transaction;

// Locks `ids`, scores them as they are now, writes what changed.
absl::Status Revisit(Transaction& transaction, scoring::Policies& policies, Clock& clock, Rng& rng,
                     const std::vector<domain::LeadId>& ids, std::string_view task, std::string_view why) {
  const outbox::Cause cause = outbox::CauseOf(task);
  scoring::LeadBatch batch(transaction, policies, {clock, rng, clock.Now(), cause});
  RETURN_IF_ERROR(batch.Lock(ids, scoring::LeadBatch::Absent::kLeaveOut));
  for (const domain::LeadId& id : ids) {
    if (batch.Find(id) != nullptr) batch.Visit(id);
  }
  return batch.Write(why);
}

telemetry::Counter CountedAlone(telemetry::Metrics& metrics, std::string result) {
  return metrics.Counter("finalmile_leads_counted_alone_total",
                         "Leads whose activities are too many to be scored in passing.",
                         {{"result", std::move(result)}});
}

}  // namespace

absl::Status FadingTimer::Visit(Transaction& transaction, const std::vector<domain::LeadId>& leads,
                                absl::Time) {
  return Revisit(transaction, policies_, clock_, rng_, leads, "leads.fading", "fading");
}

Rescorer::Rescorer(Clock& clock, Rng& rng, scoring::Policies& policies, Log& log, telemetry::Metrics& metrics)
    : clock_(clock),
      rng_(rng),
      policies_(policies),
      log_(log),
      begun_(CountedAlone(metrics, "begun")),
      begun_again_(CountedAlone(metrics, "begun_again")),
      done_(CountedAlone(metrics, "done")) {}

absl::StatusOr<absl::Duration> Rescorer::Run(storage::Leadership& leadership) {
  const auto rescore = [&](Transaction& transaction, int rows) -> absl::StatusOr<outbox::Chunk> {
    ASSIGN_OR_RETURN(const int64_t in_force, store::PolicyInForce(transaction));
    ASSIGN_OR_RETURN(const std::vector<domain::LeadId> ids,
                     store::LeadsNotUnderPolicy(transaction, in_force, rows));
    if (ids.empty()) return outbox::Chunk{};
    RETURN_IF_ERROR(Revisit(transaction, policies_, clock_, rng_, ids, "leads.rescorer", "policy"));
    return outbox::Chunk{.full = std::ssize(ids) == rows};
  };
  ASSIGN_OR_RETURN(const outbox::Chunk others, outbox::RunChunk(leadership, clock_, chunk_, rescore));
  const absl::Duration begun = clock_.Steady();
  ASSIGN_OR_RETURN(const bool alone, CountAlone(leadership));
  if (others.full) return absl::ZeroDuration();
  const absl::Duration now = clock_.Steady();
  return alone ? now + (now - begun) : now + outbox::kLookAgain;
}

absl::StatusOr<bool> Rescorer::CountAlone(storage::Leadership& leadership) {
  using Progress = scoring::LongRecount::Progress;
  struct Page {
    std::optional<scoring::LongRecount> next;
    Progress progress = Progress::kGone;
    bool full = false;
  };
  const outbox::Cause cause = outbox::CauseOf("leads.rescorer");
  const auto count = [&](Transaction& transaction, int rows) -> absl::StatusOr<Page> {
    Page page{.next = alone_};
    if (!page.next) {
      ASSIGN_OR_RETURN(std::optional<domain::LeadId> lead, store::LeadToRecount(transaction));
      if (!lead) return page;
      page.next.emplace(*std::move(lead));
    }
    ASSIGN_OR_RETURN(page.progress,
                     page.next->CountPage(transaction, policies_, {clock_, rng_, clock_.Now(), cause}, rows));
    page.full = page.progress == Progress::kGoesOn || page.progress == Progress::kBeganAgain;
    return page;
  };
  ASSIGN_OR_RETURN(Page page, outbox::RunChunk(leadership, clock_, page_, count));
  std::optional<scoring::LongRecount>& next = page.next;
  const Progress progress = page.progress;
  if (!next) return false;
  const std::string lead = domain::LeadName(next->lead());
  if (!alone_ && progress != Progress::kGone) {
    begun_.Add();
    log_.Warning("a lead has too many activities to be scored in passing; they are counted by themselves",
                 {{"lead", lead}});
  }
  if (progress == Progress::kBeganAgain) {
    begun_again_.Add();
    log_.Warning("counting a lead's activities begins again, because something came between",
                 {{"lead", lead}});
  }
  if (progress == Progress::kDone) {
    done_.Add();
    log_.Info("a lead with many activities is scored",
              {{"lead", lead}, {"activities", std::to_string(next->counted())}});
  }
  if (!page.full) next.reset();
  alone_ = std::move(next);
  // Another lead may wait.
  return true;
}

}  // namespace finalmile::leads::timers
