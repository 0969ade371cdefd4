#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "libs/base/clock.h"
#include "libs/storage/database.h"

namespace finalmile::testing {

// One transaction on PostgreSQL that a test drives statement by statement, so that two or more of them
// interleave exactly as written down:
//
//   ScriptedSession a(database, clock), b(database, clock);
//   a.Execute("UPDATE t SET v = 1 WHERE id = 1");
//   b.StartBlocked("UPDATE t SET v = 2 WHERE id = 1");   // waits for a's row lock
//   a.Commit();
//   b.Await();                                           // goes on
//   b.Commit();
//
// The transaction begins with the first statement. Used by one thread. The destructor rolls back what is
// open. Every wait ends after 10 s with DEADLINE_EXCEEDED.
class ScriptedSession {
 public:
  // `database` must have two more connections than sessions in use; both must outlive the session.
  ScriptedSession(storage::Database& database, Clock& clock);
  ~ScriptedSession();

  absl::StatusOr<storage::Result> Execute(std::string_view sql, std::vector<storage::Value> params = {});

  // Starts a statement and returns once the server shows that it waits for a lock; FAILED_PRECONDITION if it
  // ended instead.
  absl::Status StartBlocked(std::string_view sql, std::vector<storage::Value> params = {});
  // The result of the statement that StartBlocked started.
  absl::StatusOr<storage::Result> Await();

  // End the transaction. Commit returns what Transact returned; a conflict is reported as ABORTED, not run
  // again.
  absl::Status Commit();
  absl::Status Rollback();

 private:
  struct State;
  const std::unique_ptr<State> state_;
};

}  // namespace finalmile::testing
