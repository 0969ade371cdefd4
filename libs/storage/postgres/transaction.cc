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

constexpr size_t kMostDeferred = 4 << 20;
constexpr size_t kFewRows = 20;

class PostgresTransaction final : public Transaction {
 public:
  PostgresTransaction(Connection& connection, const Notifier& notifier, Companion* companion,
                      const TransactOptions& options)
      : connection_(connection), notifier_(notifier), companion_(companion), options_(options) {}

  Engine engine() const override { return Engine::kPostgres; }

  absl::StatusOr<Result> Execute(std::string_view sql, std::vector<Value> params) override {
    ASSIGN_OR_RETURN(const Deferred deferred, Defer(sql, std::move(params)));
    RETURN_IF_ERROR(Settle());
    return std::move(**deferred.slot());
  }

  absl::StatusOr<Result> ExecuteMany(std::string_view sql, const std::vector<Row>& rows) override {
    ASSIGN_OR_RETURN(const Deferred deferred, DeferMany(sql, rows));
    RETURN_IF_ERROR(Settle());
    return std::move(**deferred.slot());
  }

  absl::StatusOr<Deferred> Defer(std::string_view sql, std::vector<Value> params) override {
    RETURN_IF_ERROR(Begin());
    Deferred deferred;
    failure_ = connection_.Add(sql, params, deferred.slot());
    return Added(std::move(deferred));
  }

  absl::StatusOr<Deferred> DeferMany(std::string_view sql, const std::vector<Row>& rows) override {
    RETURN_IF_ERROR(failure_);
    if (rows.empty()) return Deferred(Result());
    RETURN_IF_ERROR(Begin());
    RETURN_IF_ERROR(Plan(rows.size() < kFewRows));
    Deferred deferred;
    failure_ = connection_.AddMany(sql, rows, deferred.slot());
    return Added(std::move(deferred));
  }

  absl::Status Settle() override {
    RETURN_IF_ERROR(failure_);
    if (!std::exchange(deferring_, false)) return absl::OkStatus();
    failure_ = connection_.Run(options_.deadline);
    return failure_;
  }

  absl::Status Notify(std::string_view channel) override {
    RETURN_IF_ERROR(failure_);
    failure_ = CheckChannel(channel);
    channels_.emplace(channel);
    return failure_;
  }

  void AfterCommit(std::function<void()> then) override { after_commit_.push_back(std::move(then)); }
  Companion* companion() const override { return companion_; }

  Attempt Commit() {
    // Found out now, a session that has ended is known not to have committed.
    if (begun_ && !connection_.Usable())
      return {Outcome::kLost, absl::UnavailableError("the connection was lost before COMMIT")};
    committing_ = true;
    absl::Status status;
    if (begun_) status = connection_.AddPlain("COMMIT");
    if (!status.ok()) return Undo(status);
    if (options_.read_only && !deferring_) {
      if (begun_) connection_.RunUnanswered();
    } else if (begun_) {
      status = connection_.Run(options_.deadline);
    }
    if (status.ok() || connection_.lost()) Tell();
    if (status.ok()) {
      for (const auto& then : after_commit_) then();
      return {Outcome::kCommitted, status};
    }
    if (connection_.lost() && !WasSilent(connection_.sqlstate())) {
      return {Outcome::kUnknown, absl::UnknownError(fmt::format("whether COMMIT took effect is not known: {}",
                                                                std::string(status.message())))};
    }
    return Undo(status);
  }

  // Ends the transaction after `status`, without waiting for the server.
  Attempt Undo(absl::Status status) {
    // What the function says of a statement that failed counts: it may have told a taken name from others.
    const bool conflict = IsConflict(status) || absl::IsAborted(failure_) ||
                          (failure_.ok() && absl::IsAborted(status) && committing_);
    if (connection_.lost()) {
      const bool by_deadline = absl::IsDeadlineExceeded(status);
      return {by_deadline ? Outcome::kRolledBack : Outcome::kLost, std::move(status)};
    }
    // In a batch of its own: an error in what is deferred would skip it.
    if (deferring_) connection_.RunUnanswered();
    if (begun_ && connection_.AddPlain("ROLLBACK").ok()) connection_.RunUnanswered();
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
    if (failure_.ok() && !options_.durable) failure_ = connection_.Add("SET LOCAL synchronous_commit = off");
    if (options_.keep_plans) return Plan(true);
    return failure_;
  }

  // The plan of a statement over few rows is kept. Left alone the server would plan it anew each time, since
  // it takes an array of unknown length for ten elements and so finds a plan for one or two cheaper; for a
  // small transaction planning is a third of the work. Beyond some twenty rows a plan for their number is
  // worth it.
  absl::Status Plan(bool few) {
    RETURN_IF_ERROR(failure_);
    few |= options_.keep_plans;
    if (few == few_) return absl::OkStatus();
    few_ = few;
    failure_ = connection_.Add(few ? "SET LOCAL plan_cache_mode = force_generic_plan"
                                   : "SET LOCAL plan_cache_mode = auto");
    return failure_;
  }

  absl::StatusOr<Deferred> Added(Deferred deferred) {
    RETURN_IF_ERROR(failure_);
    deferring_ = true;
    if (connection_.added_bytes() >= kMostDeferred) RETURN_IF_ERROR(Settle());
    return deferred;
  }

  // A transaction that notifies holds a lock of the whole cluster while its COMMIT reaches the disk, so that
  // such transactions would commit one by one. Therefore the notifications follow as a transaction of their
  // own, which need not reach the disk and is not waited for. When this process dies between the two, or the
  // server after them, they are lost: a listener that has lost its connection looks again, and one that has
  // not looks every so often all the same (see Transaction::Notify).
  void Tell() {
    for (const std::string& channel : channels_) {
      notifier_.subscribers.Set(channel);
      connection_
          .AddOptional("SELECT set_config('synchronous_commit', 'off', TRUE), pg_notify($1, $2)",
                       {std::string(kNotifyChannel), notifier_.Payload(channel)})
          .IgnoreError();
    }
    if (!channels_.empty()) connection_.RunUnanswered();
  }

  Connection& connection_;
  const Notifier& notifier_;
  Companion* const companion_;
  const TransactOptions& options_;
  std::set<std::string> channels_;
  std::vector<std::function<void()>> after_commit_;
  absl::Status failure_;
  bool begun_ = false;
  // There are statements that were not answered.
  bool deferring_ = false;
  bool committing_ = false;
  // Whether plans are kept now.
  bool few_ = false;
};

}  // namespace

std::string Notifier::Payload(std::string_view channel) const {
  return fmt::format("{}@{}", channel, origin);
}

void Notifier::Receive(std::string_view payload) const {
  const size_t at = payload.find('@');
  if (at == std::string_view::npos || payload.substr(at + 1) != origin)
    subscribers.Set(payload.substr(0, at));
}

Attempt RunOnce(Connection& connection, Clock& clock, const Notifier& notifier, Companion* companion,
                const TransactOptions& options, const TransactionFunction& function) {
  PostgresTransaction transaction(connection, notifier, companion, options);
  absl::Status status = function(transaction);
  if (!transaction.failure().ok() && (status.ok() || connection.lost())) status = transaction.failure();
  if (status.ok() && clock.Steady() >= options.deadline) {
    status = absl::DeadlineExceededError("the deadline passed before COMMIT");
  }
  return status.ok() ? transaction.Commit() : transaction.Undo(std::move(status));
}

}  // namespace finalmile::storage::postgres
