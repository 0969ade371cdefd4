#include "libs/storage/postgres/transaction.h"

#include <fmt/format.h>

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "libs/base/status.h"
#include "libs/storage/postgres/error.h"
#include "libs/storage/sql.h"

namespace finalmile::storage::postgres {
namespace {

class PostgresTransaction final : public Transaction {
 public:
  PostgresTransaction(Connection& connection, const TransactOptions& options)
      : connection_(connection), options_(options) {}

  Engine engine() const override { return Engine::kPostgres; }

  absl::StatusOr<Result> Execute(std::string_view sql, std::vector<Value> params) override {
    RETURN_IF_ERROR(Begin());
    failure_ = connection_.Add(sql, params);
    return Answer();
  }

  absl::StatusOr<Result> ExecuteMany(std::string_view sql, const std::vector<Row>& rows) override {
    RETURN_IF_ERROR(failure_);
    if (rows.empty()) return Result();
    RETURN_IF_ERROR(Begin());
    failure_ = connection_.AddMany(sql, rows);
    return Answer();
  }

  absl::Status Notify(std::string_view channel) override {
    RETURN_IF_ERROR(failure_);
    failure_ = CheckChannel(channel);
    channels_.emplace(channel);
    return failure_;
  }

  Attempt Commit() {
    // Found out now, a session that has ended is known not to have committed.
    if (begun_ && !connection_.Usable())
      return {Outcome::kLost, absl::UnavailableError("the connection was lost before COMMIT")};
    absl::Status status = AddCommit();
    if (!status.ok()) return Undo(status);
    if (!begun_ && channels_.empty()) return {Outcome::kCommitted, status};
    if (options_.read_only && channels_.empty()) {
      connection_.RunUnanswered();
      return {Outcome::kCommitted, status};
    }
    status = connection_.Run(options_.deadline).status();
    if (status.ok()) return {Outcome::kCommitted, status};
    if (connection_.lost() && !WasSilent(connection_.sqlstate())) {
      return {Outcome::kUnknown, absl::UnknownError(fmt::format("whether COMMIT took effect is not known: {}",
                                                                std::string(status.message())))};
    }
    return Undo(status);
  }

  // Ends the transaction after `status`, without waiting for the server.
  Attempt Undo(absl::Status status) {
    const bool conflict = absl::IsAborted(failure_) ||
                          (failure_.ok() && (IsConflict(status) || (absl::IsAborted(status) && committing_)));
    if (connection_.lost()) {
      const bool by_deadline = absl::IsDeadlineExceeded(status);
      return {by_deadline ? Outcome::kRolledBack : Outcome::kLost, std::move(status)};
    }
    if (begun_ && connection_.Add("ROLLBACK").ok()) connection_.RunUnanswered();
    return {conflict ? Outcome::kConflict : Outcome::kRolledBack, std::move(status)};
  }

  // The first error of a statement, after which nothing may be committed.
  const absl::Status& failure() const { return failure_; }

 private:
  absl::Status Begin() {
    RETURN_IF_ERROR(failure_);
    if (begun_) return absl::OkStatus();
    begun_ = true;
    failure_ = connection_.Add(options_.read_only ? "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
                                                  : "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE");
    return failure_;
  }

  absl::StatusOr<Result> Answer() {
    RETURN_IF_ERROR(failure_);
    absl::StatusOr<Result> result = connection_.Run(options_.deadline);
    failure_ = result.status();
    return result;
  }

  // A transaction that notifies holds a lock of the whole cluster while its COMMIT reaches the disk, so that
  // such transactions would commit one by one. Therefore the notifications follow in the same message as a
  // transaction of their own, which need not reach the disk: when COMMIT fails the server skips them, and
  // when this process dies it does not. When the server dies every listener looks again.
  absl::Status AddCommit() {
    committing_ = true;
    if (begun_) RETURN_IF_ERROR(connection_.Add("COMMIT"));
    for (const std::string& channel : channels_) {
      RETURN_IF_ERROR(
          connection_.AddOptional("SELECT set_config('synchronous_commit', 'off', TRUE), pg_notify($1, $2)",
                                  {std::string(kNotifyChannel), channel}));
    }
    return absl::OkStatus();
  }

  Connection& connection_;
  const TransactOptions& options_;
  std::set<std::string> channels_;
  absl::Status failure_;
  bool begun_ = false;
  bool committing_ = false;
};

}  // namespace

Attempt RunOnce(Connection& connection, Clock& clock, const TransactOptions& options,
                const TransactionFunction& function) {
  PostgresTransaction transaction(connection, options);
  absl::Status status = function(transaction);
  if (!transaction.failure().ok() && (status.ok() || connection.lost())) status = transaction.failure();
  if (status.ok() && clock.Steady() >= options.deadline) {
    status = absl::DeadlineExceededError("the deadline passed before COMMIT");
  }
  return status.ok() ? transaction.Commit() : transaction.Undo(std::move(status));
}

}  // namespace finalmile::storage::postgres
