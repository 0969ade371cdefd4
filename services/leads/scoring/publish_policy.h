#pragma once

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "finalmile/leads/v1/policy.pb.h"
#include "libs/base/clock.h"
#include "libs/base/random.h"
#include "libs/outbox/envelope.h"
#include "libs/storage/database.h"
#include "services/leads/scoring/policies.h"

namespace finalmile::leads::scoring {

// The message as it is stored: without output-only fields.
v1::Policy ToStored(const v1::Policy& policy);
// A stored message as the wire shows it.
v1::Policy ToShown(const v1::Policy& stored, absl::Time publish_time, bool in_force);

// Whether PublishPolicy would take a valid policy: ALREADY_EXISTS / POLICY_EXISTS where another of this name
// was published, or this one and others after it. True: it is in force already, and publishing it changes
// nothing.
absl::StatusOr<bool> IsInForce(storage::Transaction& transaction, const v1::Policy& policy);

// Puts a valid policy in force and notifies the rescorer; the policy as the wire shows it. Publishing the
// policy in force again changes nothing. Errors as IsInForce.
absl::StatusOr<v1::Policy> PublishPolicy(storage::Transaction& transaction, Policies& policies,
                                         const v1::Policy& policy, const outbox::EventContext& context);

// Puts `policy` in force where none ever was; otherwise does nothing. Safe to call from several processes.
absl::Status EnsurePolicy(storage::Database& database, Policies& policies, const v1::Policy& policy,
                          Clock& clock, Rng& rng, absl::Duration deadline);

}  // namespace finalmile::leads::scoring
