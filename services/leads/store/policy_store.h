#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/storage/database.h"

namespace finalmile::leads::store {

// A published policy. The one with the highest number is in force; each was so from its publish_time to the
// next one's.
struct PolicyRow {
  // 1, 2, 3, … in order of publication.
  int64_t number = 0;
  // "policies/b2b-software-1".
  std::string name;
  // The serialised message; this layer does not read it.
  std::string content;
  absl::Time publish_time;
};

// The number of the policy in force; 0: none was published.
absl::StatusOr<int64_t> PolicyInForce(storage::Transaction& transaction);
// The same in halves, so that several reads share a round trip: Settle, then PolicyInForceOf.
absl::StatusOr<storage::Deferred> DeferPolicyInForce(storage::Transaction& transaction);
int64_t PolicyInForceOf(const storage::Result& read);

absl::StatusOr<std::optional<PolicyRow>> PolicyByNumber(storage::Transaction& transaction, int64_t number);
absl::StatusOr<std::optional<PolicyRow>> PolicyByName(storage::Transaction& transaction,
                                                      std::string_view name);
// The policy that was in force at `time`; the first one for an earlier time.
absl::StatusOr<std::optional<PolicyRow>> PolicyAt(storage::Transaction& transaction, absl::Time time);
// Newest first, numbers below `before`.
absl::StatusOr<std::vector<PolicyRow>> ListPolicies(storage::Transaction& transaction, int64_t before,
                                                    int limit);

// Puts `row` in force, under the next number, which it sets. ALREADY_EXISTS: the name is taken (or another
// publication came between: run again).
absl::Status InsertPolicy(storage::Transaction& transaction, PolicyRow& row);

}  // namespace finalmile::leads::store
