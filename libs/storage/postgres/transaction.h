#pragma once

#include "absl/status/status.h"
#include "libs/base/clock.h"
#include "libs/storage/database.h"
#include "libs/storage/postgres/connection.h"

namespace finalmile::storage::postgres {

// How one run of a transaction function ended.
enum class Outcome {
  kCommitted,
  // Undone for good: the function's own status, or an error that running it again would not mend.
  kRolledBack,
  // Undone because of another transaction.
  kConflict,
  // Undone because the session ended before COMMIT was sent or, as the server said, before it was read.
  kLost,
  // The session ended after COMMIT was sent.
  kUnknown,
};

struct Attempt {
  Outcome outcome;
  absl::Status status;
};

// Runs `function` once in a transaction on `connection`, by options.deadline. Costs one round trip per
// statement and one for COMMIT: BEGIN travels with the first statement, and neither ROLLBACK nor the end of a
// read-only transaction is waited for.
Attempt RunOnce(Connection& connection, Clock& clock, const TransactOptions& options,
                const TransactionFunction& function);

// The channel that all notifications use; the subscribed channel is the payload.
constexpr std::string_view kNotifyChannel = "finalmile";

}  // namespace finalmile::storage::postgres
