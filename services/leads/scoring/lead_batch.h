#pragma once

#include <map>
#include <optional>
#include <set>
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
#include "libs/outbox/envelope.h"
#include "libs/storage/database.h"
#include "services/leads/domain/activity.h"
#include "services/leads/scoring/policies.h"
#include "services/leads/store/activity_store.h"
#include "services/leads/store/lead_store.h"

namespace finalmile::leads::scoring {

// Notified when there is work for the rescorer.
inline constexpr std::string_view kRescoreChannel = "policy";

using outbox::Cause;
using outbox::EventContext;

// The score of a lead at `now`, as the wire shows it.
v1::Score ToScore(const store::LeadState& lead, const PublishedPolicy& policy, absl::Time now);

// The one way in which leads change: calls, consumer and timers lock rows, tell what happened, and write.
// Lives inside one transaction; not thread-safe.
//
//   LeadBatch batch(transaction, policies, context);
//   batch.LockAndRecord(activities);   batch.Write("activity");
//
// The policy in force is read behind the locks, in the same round trip: who waited for a lead while a new one
// was published, and the lead was scored under it, does not take the lead back.
//
// A lead whose activities would have to be counted anew, but are too many to be read in passing
// (store::kWholeHistory), is set aside (LeadState::recount): it goes on under the policy that it stands
// under, takes in what needs no look back, and the rescorer counts it alone.
class LeadBatch {
 public:
  enum class Absent { kLeaveOut, kStub };

  // The references outlive the batch.
  LeadBatch(storage::Transaction& transaction, Policies& policies, EventContext context)
      : transaction_(transaction), policies_(policies), context_(context) {}

  // Locks the rows of these leads, which may be none; first, and once per batch.
  absl::Status Lock(std::vector<std::string> ids, Absent absent);
  // A locked or new lead; null when it is absent.
  const store::LeadState* Find(std::string_view id) const;

  // Locks the leads of `activities`, absent ones as stubs, and does as Record, in one round trip; instead of
  // Lock.
  absl::StatusOr<std::vector<store::Recorded>> LockAndRecord(std::span<const domain::Activity> activities);
  // Stores activities of locked leads and takes the new ones into the engagement. None of them happened more
  // than domain::kHistory ago; LockAndRecord takes those, too, where they do not come too late.
  absl::StatusOr<std::vector<store::Recorded>> Record(std::span<const domain::Activity> activities);
  // A lead comes into being, under a fresh id or on its locked stub. INVALID_ARGUMENT / INVALID_FIELDS with
  // all that is wrong with it (domain::Validate), below "lead"; nothing has happened then.
  absl::Status Create(const std::string& id, const domain::Lead& profile);
  // A created, locked lead has another profile, gates included; `changed` names the paths. External ids are
  // the caller's to write. Errors as Create.
  absl::Status Change(const std::string& id, const domain::Lead& profile, std::vector<std::string> changed);
  // Looks at a locked lead again: time went by, or there is a new policy.
  void Visit(const std::string& id);
  // The activities of a locked lead that was set aside were counted under the policy in force.
  void Recounted(const std::string& id, domain::EngagementState engagement);
  // The policy in force, once locked.
  const PolicyPointer& policy() const { return policy_; }

  // Scores what was touched, writes rows and events.
  absl::Status Write(std::string_view cause);

 private:
  struct Entry {
    store::LeadState lead;
    // As locked.
    store::LeadState before;
    bool locked = false;
    bool touched = false;
    bool recompute = false;
    bool recounted = false;
    // The lead's own while it is set aside, else the one in force.
    PolicyPointer policy;
    std::optional<domain::Lead> profile;
    // Where it was read.
    std::optional<store::History> history;
    bool profile_changed = false;
    // LeadCreated or LeadUpdated, without seq.
    std::optional<v1::LeadEvent> change;
    // Activities that were taken in, with their points, as reasons.
    std::vector<v1::Reason> reasons;
    std::optional<absl::Time> cause_time;
  };

  // The rows and, read behind their locks, the policy in force.
  struct Locked {
    storage::Deferred leads;
    storage::Deferred in_force;
  };
  absl::StatusOr<Locked> DeferLock(const std::vector<std::string>& ids);
  // Takes in what DeferLock has read, of `ids`; stubs are locked in the same way.
  absl::Status Adopt(Locked locked, const std::vector<std::string>& ids, Absent absent);
  // Record for locked leads `ids`, where some activities may come too late.
  absl::StatusOr<std::vector<store::Recorded>> RecordOld(std::span<const domain::Activity> activities,
                                                         const std::vector<std::string>& ids);
  // Counts what InsertActivities has inserted.
  absl::StatusOr<std::vector<store::Recorded>> TakeIn(std::span<const domain::Activity> activities,
                                                      const storage::Result& inserted);
  // Reads what these leads lack, in one round trip.
  absl::Status Fetch(const std::vector<Entry*>& profiles, const std::vector<Entry*>& histories);
  absl::Status LoadWhatIsNeeded();
  absl::Status SetAside(Entry& entry);
  absl::Status Explain(const std::vector<Entry*>& crossing);
  void Evaluate(Entry& entry, std::string_view cause, std::vector<Entry*>& crossing);
  v1::LeadEvent& Emit(Entry& entry);

  storage::Transaction& transaction_;
  Policies& policies_;
  const EventContext context_;
  // Null until locked.
  PolicyPointer policy_;
  std::map<std::string, Entry, std::less<>> entries_;
  std::vector<v1::LeadEvent> events_;
  std::map<std::string, size_t> ready_events_;
};

}  // namespace finalmile::leads::scoring
