#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "libs/base/clock.h"
#include "libs/storage/database.h"
#include "libs/storage/postgres/connection.h"
#include "libs/storage/subscribers.h"

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

// Tells of notifications: the events of this process at once, those of others through the server.
struct Notifier {
  Subscribers& subscribers;
  // Names this process in what it sends, so that its listener does not set its events once more.
  std::string origin;

  // What is sent for `channel`.
  std::string Payload(std::string_view channel) const;
  // Sets the events that wait for what was received, unless it is our own.
  void Receive(std::string_view payload) const;
};

// Runs `function` once in a transaction on `connection`, by options.deadline. Costs one round trip per
// statement that is awaited and one for COMMIT: BEGIN travels with the first statement, COMMIT with what is
// deferred, and neither ROLLBACK nor the end of a read-only transaction is waited for.
Attempt RunOnce(Connection& connection, Clock& clock, const Notifier& notifier, Companion* companion,
                const TransactOptions& options, const TransactionFunction& function);

// The channel that all notifications use; the subscribed channel is in the payload.
constexpr std::string_view kNotifyChannel = "finalmile";

}  // namespace finalmile::storage::postgres
