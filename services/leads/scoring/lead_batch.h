#pragma once

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "finalmile/leads/v1/lead.pb.h"
#include "finalmile/leads/v1/lead_event.pb.h"
#include "libs/base/clock.h"
#include "libs/base/random.h"
#include "libs/outbox/aggregates.h"
#include "libs/outbox/envelope.h"
#include "libs/storage/database.h"
#include "services/leads/domain/activity.h"
#include "services/leads/domain/explain.h"
#include "services/leads/domain/lead.h"
#include "services/leads/domain/readiness.h"
#include "services/leads/domain/reason.h"
#include "services/leads/scoring/policies.h"
#include "services/leads/scoring/score.h"
#include "services/leads/store/activity_store.h"
#include "services/leads/store/lead_store.h"
#include "services/leads/store/sales_store.h"

namespace finalmile::leads::scoring {

// Notified when there is work for the rescorer.
inline constexpr std::string_view kRescoreChannel = "policy";

using outbox::EventContext;

// The one way in which leads change: calls, consumer and timers lock rows, say what happened, and write.
// Lives inside one transaction; not thread-safe.
//
//   LeadBatch batch(transaction, policies, context);
//   batch.LockAndRecord(activities);   batch.Write("activity");
//
// The policy in force is read behind the locks, in the same round trip: a batch that waited for a lead, while
// a new policy was published and the lead scored under it, does not take the lead back.
//
// A lead whose activities would have to be counted anew, but are too many for one transaction
// (store::kWholeHistory), is set aside (LeadState::recount): it stays under its policy, counts what needs no
// look back, and the rescorer counts the rest.
class LeadBatch {
 public:
  enum class Absent { kLeaveOut, kStub };

  // The references outlive the batch.
  LeadBatch(storage::Transaction& transaction, Policies& policies, EventContext context)
      : transaction_(transaction),
        policies_(policies),
        // Times are told as they are stored.
        context_{context.clock, context.rng, FromMicros(ToMicros(context.now)), context.cause},
        leads_(transaction, store::kLeads, "leads/", context_) {}

  // Locks the rows of these leads, which may be none. It is called first, and once per batch.
  absl::Status Lock(std::vector<domain::LeadId> ids, Absent absent);
  // A locked or new lead; null when it is absent.
  const store::LeadState* Find(const domain::LeadId& id) const;
  // Where what happens in this batch belongs to several traces: that of what happened last to a lead, if it
  // is one of the batch.
  void SetTrace(const domain::LeadId& id, const std::optional<TraceContext>& trace);

  // Activities of erased leads are dropped, and counted as Recorded::kErased. Those of merged ones are stored
  // under the old name, and merged() says where they belong.
  //
  // Locks the leads of `activities`, absent ones as stubs, and records, in one round trip; called instead of
  // Lock.
  absl::StatusOr<std::vector<store::Recorded>> LockAndRecord(std::span<const domain::Activity> activities);
  // Stores activities of locked leads. None of them happened more than domain::kHistory ago; LockAndRecord
  // takes those, too, where they do not come too late.
  absl::StatusOr<storage::Deferred> DeferRecord(std::span<const domain::Activity> activities);
  // Adds the new ones among them to the engagement, once DeferRecord is settled; `recorded` is its answer.
  absl::StatusOr<std::vector<store::Recorded>> CountRecorded(std::span<const domain::Activity> activities,
                                                             const storage::Result& recorded);
  // Creates a lead, under a fresh id or on its locked stub. INVALID_ARGUMENT / INVALID_FIELDS with all that
  // is wrong with it (domain::Validate), below "lead"; nothing has happened then.
  absl::Status Create(const domain::LeadId& id, const domain::Lead& profile);
  // Gives a created, locked lead another profile, gates included, in place of `before`; `changed` names the
  // paths. The caller writes external ids. Errors as Create.
  absl::Status Change(const domain::LeadId& id, const domain::Lead& before, const domain::Lead& profile,
                      std::vector<std::string> changed);
  // Gives a lead of this batch what a locked stub did, and its external ids; the stub is deleted.
  absl::Status Absorb(const domain::LeadId& id, const domain::LeadId& stub);
  // Gives a locked lead all that is kept about `duplicate`, another one, but its profile, which the caller
  // has merged into its own; the duplicate becomes a redirect, and tells so.
  absl::Status Merge(const domain::LeadId& id, const domain::LeadId& duplicate);
  // Activities of a locked lead were deleted: the rest is counted anew.
  void CountAnew(const domain::LeadId& id);
  // What a lead of this batch did up to now is history, and lets it not in (Lead::history_time).
  void SetHistory(const domain::LeadId& id);
  // Tells that an activity of a locked lead was deleted.
  void TellDeleted(const domain::Activity& activity);
  // Deletes a locked lead with all that is kept about it, and tells so. Its name may be used again.
  absl::Status Delete(const domain::LeadId& id);
  // The same, and leaves a mark, so that nothing is taken under its name any more.
  absl::Status Erase(const domain::LeadId& id);
  // What sales made of a locked lead; it may be scored again, and become sales-ready again.
  struct Sales {
    domain::Stage stage = domain::Stage::kUnspecified;
    // "request", "meeting", "opportunity".
    std::string_view cause;
    // The request of its last crossing was claimed, and has ended.
    bool request_claimed = false;
    bool request_ended = false;
    absl::Time quiet_until = absl::InfinitePast();
  };
  void SetSales(const domain::LeadId& id, const Sales& sales);
  void TellOpportunity(const domain::LeadId& id, const v1::Opportunity& opportunity);
  // Scores a locked lead again, because time went by or there is a new policy. A stub stays as it is.
  void Visit(const domain::LeadId& id);
  // The activities of a locked lead that was set aside were counted under the policy in force.
  void Recounted(const domain::LeadId& id, domain::EngagementState engagement);
  // The locked leads that were merged into others: id of the one, and of the other.
  std::map<domain::LeadId, domain::LeadId> merged() const;
  // The policy in force, once locked.
  const PolicyPointer& policy() const { return policy_; }

  // Scores what was changed, and writes rows and events.
  absl::Status Write(std::string_view cause);

 private:
  // An activity of this batch that a signal matches.
  struct Added {
    std::string source;
    std::string activity_id;
    const domain::CompiledSignal* signal = nullptr;
    int32_t units = 0;
    // Units that count, as far as that was decided without looking back.
    double counted = 0;
    absl::Time time;
  };
  // The row as it is at a moment, and how its readiness has come to be so.
  struct Moment {
    Told told;
    std::string_view cause;
    std::vector<domain::Transition> transitions;
    // What was added to the engagement.
    std::vector<domain::Reason> reasons;
    // Why it has become sales-ready, where it has.
    std::vector<domain::Reason> ready_reasons;
  };
  // The work that is kept beside each row. A row is `changed` as soon as it is to be scored again.
  struct Work {
    // The lead's own while it is set aside, else the one in force.
    PolicyPointer policy;
    // Its activities have to be counted anew.
    bool recompute = false;
    bool recounted = false;
    std::optional<domain::Lead> profile;
    bool profile_changed = false;
    std::optional<store::History> history;
    std::vector<Added> added;
    // When the latest of them happened.
    std::optional<absl::Time> cause_time;
    // The stage that was told last; nullopt: the one before this batch. And why it is another one now.
    std::optional<int64_t> told_stage;
    std::string_view stage_cause;
    // Its request was claimed, and has ended, by this batch.
    bool request_claimed = false;
    bool request_closed = false;
    // The rows of the moments before now.
    std::vector<std::unique_ptr<store::LeadState>> past;
    // In order of time; the last one is now.
    std::vector<Moment> moments;
  };
  using Leads = outbox::Aggregates<store::LeadState, v1::LeadEvent, Work>;
  using Entry = Leads::Entry;

  // The rows and, read behind their locks, the policy in force.
  struct Locked {
    storage::Deferred leads;
    storage::Deferred in_force;
  };
  // Lock in halves. `ids` are sorted and unique.
  absl::StatusOr<Locked> DeferLock(const std::vector<domain::LeadId>& ids);
  absl::Status TakeLocked(Locked locked, const std::vector<domain::LeadId>& ids, Absent absent);
  // DeferRecord and CountRecorded in one.
  absl::StatusOr<std::vector<store::Recorded>> Record(std::span<const domain::Activity> activities);
  // Record for locked leads `ids`, where some activities may come too late.
  absl::StatusOr<std::vector<store::Recorded>> RecordOld(std::span<const domain::Activity> activities,
                                                         const std::vector<domain::LeadId>& ids);
  // Tells what the lead permits now and did not before, or the other way round.
  void TellPermissions(Entry& entry, const domain::Lead& before, const domain::Lead& after);
  // Takes over a profile, scores its fit and stores it.
  void SetProfile(Entry& entry, domain::Lead profile);

  // The steps of Write, for the changed leads: bring fit and engagement under the entry's policy, evaluate
  // readiness as it fell due and now, find out why leads became sales-ready, and emit the events.
  absl::Status Score(const std::vector<Entry*>& changed);
  // Plays what fell due before now, and the policies that were published since: each at its own time.
  absl::Status CatchUp(Entry& entry);
  void FadeUntil(Entry& entry, store::LeadState& lead, const PolicyPointer& policy, absl::Time time);
  void Play(Entry& entry, store::LeadState& lead, const PolicyPointer& policy, absl::Time time,
            std::string_view cause);
  // Scores `lead`, as it was before this batch, under a policy that was published since.
  absl::Status MoveUnder(Entry& entry, const PublishedPolicy& policy, store::LeadState& lead);
  absl::StatusOr<domain::Lead> FactsBefore(const Entry& entry);
  void Evaluate(Entry& entry, std::string_view cause);
  static bool BecameReady(const Moment& moment);
  absl::Status AddReasons(Entry& entry);
  absl::Status Explain(const std::vector<Entry*>& ready);
  absl::StatusOr<domain::Explanation> ExplainMoment(Entry& entry, const Moment& moment, bool now);
  absl::Status Tell(Entry& entry);
  void EmitTransitions(Entry& entry, const Moment& moment);
  void KeepCrossing(const Entry& entry, const Moment& moment, const v1::LeadBecameSalesReady& event);
  v1::LeadEvent& EmitAt(Entry& entry, absl::Time time);
  // Tells the lead's stage where it is another one than was told last.
  void TellStage(Entry& entry, absl::Time time, std::string_view cause);
  // The history without the activities of this batch.
  static store::History WithoutAdded(const Entry& entry);
  absl::Status WriteProfiles(const std::vector<Entry*>& changed);

  // Reads what these leads lack, in one round trip.
  absl::Status Fetch(const std::vector<Entry*>& profiles, const std::vector<Entry*>& histories);
  absl::Status SetAside(Entry& entry);
  // A sum that was counted anew, and is the same, keeps the digits that were told.
  static void KeepToldDigits(Entry& entry);

  storage::Transaction& transaction_;
  Policies& policies_;
  const EventContext context_;
  // Null until locked.
  PolicyPointer policy_;
  std::vector<store::CrossingRow> crossings_;
  Leads leads_;
};

}  // namespace finalmile::leads::scoring
