#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "finalmile/leads/v1/policy.pb.h"
#include "libs/storage/database.h"
#include "services/leads/domain/compiled_policy.h"
#include "services/leads/store/policy_store.h"

namespace finalmile::leads::scoring {

// A policy as it was published. Immutable.
struct PublishedPolicy {
  int64_t number = 0;
  absl::Time publish_time;
  v1::Policy message;
  domain::CompiledPolicy compiled;
};

using PolicyPointer = std::shared_ptr<const PublishedPolicy>;

// Published policies, each read and compiled once. Thread-safe.
class Policies {
 public:
  // The policy in force as `transaction` sees it. INTERNAL when none was published (the service publishes one
  // as it starts).
  absl::StatusOr<PolicyPointer> InForce(storage::Transaction& transaction);
  // The policy that was in force at `time`.
  absl::StatusOr<PolicyPointer> At(storage::Transaction& transaction, absl::Time time);
  // The policy a row was scored under.
  absl::StatusOr<PolicyPointer> ByNumber(storage::Transaction& transaction, int64_t number);

 private:
  PolicyPointer Find(int64_t number) const;
  absl::StatusOr<PolicyPointer> Keep(const store::PolicyRow& row);

  mutable std::mutex mutex_;
  // Policies are published by people, so they stay few.
  std::map<int64_t, PolicyPointer> by_number_;
};

}  // namespace finalmile::leads::scoring
