#include "libs/storage/sqlite/database.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <mutex>
#include <set>
#include <utility>

#include "libs/base/pool.h"
#include "libs/base/status.h"
#include "libs/storage/sql.h"
#include "libs/storage/sqlite/connection.h"
#include "libs/storage/sqlite/lock_file.h"
#include "libs/storage/subscribers.h"
#include "libs/storage/transaction_span.h"

namespace finalmile::storage::sqlite {
namespace {

class SqliteTransaction final : public Transaction {
 public:
  SqliteTransaction(Connection& connection, Companion* companion)
      : connection_(connection), companion_(companion) {}

  Engine engine() const override { return Engine::kSqlite; }

  absl::StatusOr<Result> Execute(std::string_view sql, std::vector<Value> params) override {
    RETURN_IF_ERROR(failure_);
    return Noted(connection_.Execute(sql, params));
  }

  absl::StatusOr<Result> ExecuteMany(std::string_view sql, const std::vector<Row>& rows) override {
    RETURN_IF_ERROR(failure_);
    return Noted(connection_.ExecuteMany(sql, rows));
  }

  absl::Status Notify(std::string_view channel) override {
    RETURN_IF_ERROR(failure_);
    failure_ = CheckChannel(channel);
    channels_.emplace(channel);
    return failure_;
  }

  void AfterCommit(std::function<void()> then) override { after_commit_.push_back(std::move(then)); }
  Companion* companion() const override { return companion_; }

  // The first error of a statement, after which nothing may be committed.
  const absl::Status& failure() const { return failure_; }
  // What is to be done once it has committed.
  std::vector<std::function<void()>> TakeRest(Subscribers& subscribers) {
    for (const std::string& channel : channels_)
      after_commit_.emplace_back([&subscribers, channel] { subscribers.Set(channel); });
    return std::move(after_commit_);
  }

 private:
  absl::StatusOr<Result> Noted(absl::StatusOr<Result> result) {
    if (!result.ok()) failure_ = result.status();
    return result;
  }

  Connection& connection_;
  Companion* const companion_;
  absl::Status failure_;
  std::set<std::string> channels_;
  std::vector<std::function<void()>> after_commit_;
};

class SqliteDatabase final : public Database {
 public:
  SqliteDatabase(std::string path, std::unique_ptr<LockFile> lock, Clock& clock, const OpenOptions& options)
      : path_(std::move(path)),
        clock_(clock),
        lock_(std::move(lock)),
        writer_(clock, 1, "writer", Opener(Role::kWriter), options.waited),
        readers_(clock, options.connections, "reader", Opener(Role::kReader), options.waited) {}

  ~SqliteDatabase() override {
    // The last connection to close writes the log back into the file, and only a writer may.
    readers_.CloseIdle();
    writer_.CloseIdle();
  }

  Engine engine() const override { return Engine::kSqlite; }

  absl::Status Transact(const TransactOptions& options, const TransactionFunction& function) override {
    return TransactInSpan(Engine::kSqlite, options, function,
                          [&](const TransactionFunction& traced) { return RunUntilDone(options, traced); });
  }

  absl::StatusOr<std::unique_ptr<Leadership>> Elect(std::string_view name, absl::Duration deadline) override;

  std::unique_ptr<Subscription> Subscribe(std::string_view channel, WaitEvent& event) override {
    return subscribers_.Add(channel, event);
  }

  void SetCompanion(Companion* companion) override { companion_ = companion; }

  std::vector<Step*> steps() override { return {}; }

  PoolUse connections() const override { return readers_.use(); }

  absl::Status Advertise(std::string_view address) override {
    std::lock_guard lock(mutex_);
    return lock_->Advertise(address);
  }

  void SetHeartbeat(absl::Duration interval) { heartbeat_interval_ = interval; }

  // Opens the writer, which makes the file and its log.
  absl::Status Touch() { return writer_.Acquire(clock_.Steady() + absl::Seconds(10)).status(); }

 private:
  friend class SqliteLeadership;

  Pool<Connection>::Opener Opener(Role role) {
    return [this, role](absl::Duration deadline) { return Connection::Open(path_, role, clock_, deadline); };
  }

  absl::Status RunUntilDone(const TransactOptions& options, const TransactionFunction& function) {
    absl::Status status = absl::DeadlineExceededError("the deadline passed before the start");
    std::vector<std::function<void()>> rest;
    while (clock_.Steady() < options.deadline) {
      {
        auto& pool = options.read_only ? readers_ : writer_;
        ASSIGN_OR_RETURN(auto connection, pool.Acquire(options.deadline));
        status = Run(*connection, options, function, rest);
      }
      if (!IsConflict(status)) break;
      clock_.NewWaitEvent()->WaitUntil(std::min(options.deadline, clock_.Steady() + absl::Milliseconds(1)));
    }
    for (const auto& then : rest) then();
    return status;
  }

  absl::Status Run(Connection& connection, const TransactOptions& options,
                   const TransactionFunction& function, std::vector<std::function<void()>>& rest) {
    connection.set_deadline(options.deadline);
    RETURN_IF_ERROR(connection.Execute(options.read_only ? "BEGIN" : "BEGIN IMMEDIATE").status());
    SqliteTransaction transaction(connection, companion_);
    absl::Status status = function(transaction);
    if (status.ok()) status = transaction.failure();
    if (status.ok() && clock_.Steady() >= options.deadline) {
      status = absl::DeadlineExceededError("the deadline passed before COMMIT");
    }
    // Ending the transaction is not a matter of its deadline: COMMIT waits for nothing but the disk.
    connection.set_deadline(absl::InfiniteDuration());
    if (status.ok()) {
      status = connection.Execute("COMMIT").status();
      // The log may hold the whole transaction although the disk did not confirm it.
      if (absl::IsUnavailable(status)) status = absl::UnknownError(status.message());
    }
    if (connection.in_transaction()) {
      if (absl::Status undone = connection.Execute("ROLLBACK").status(); !undone.ok() && status.ok())
        status = undone;
    }
    if (status.ok()) rest = transaction.TakeRest(subscribers_);
    return status;
  }

  const std::string path_;
  Clock& clock_;
  const std::unique_ptr<LockFile> lock_;
  Pool<Connection> writer_;
  Pool<Connection> readers_;
  Subscribers subscribers_;
  Companion* companion_ = nullptr;
  absl::Duration heartbeat_interval_ = absl::Seconds(1);
  // Guards lock_'s text and leaders_.
  std::mutex mutex_;
  std::set<std::string> leaders_;
};

// One process has the store, so a name taken in it is a lock among all.
class SqliteLeadership final : public Leadership {
 public:
  SqliteLeadership(SqliteDatabase& database, std::string name)
      : database_(database), name_(std::move(name)) {}

  ~SqliteLeadership() override {
    std::lock_guard lock(database_.mutex_);
    database_.leaders_.erase(name_);
  }

  absl::Status Transact(const TransactOptions& options, const TransactionFunction& function) override {
    TransactOptions bounded = options;
    bounded.deadline = std::min(options.deadline, database_.clock_.Steady() + heartbeat_interval());
    return database_.Transact(bounded, function);
  }
  absl::Status Heartbeat(absl::Duration) override { return absl::OkStatus(); }
  absl::Duration heartbeat_interval() const override { return database_.heartbeat_interval_; }

 private:
  SqliteDatabase& database_;
  const std::string name_;
};

absl::StatusOr<std::unique_ptr<Leadership>> SqliteDatabase::Elect(std::string_view name, absl::Duration) {
  std::lock_guard lock(mutex_);
  if (!leaders_.emplace(name).second) {
    return absl::FailedPreconditionError(fmt::format("another session leads \"{}\"", name));
  }
  return std::make_unique<SqliteLeadership>(*this, std::string(name));
}

}  // namespace

absl::StatusOr<std::unique_ptr<Database>> Open(const std::string& path, Clock& clock,
                                               const OpenOptions& options) {
  // ":memory:" and "file:…" mean other things to SQLite; each connection would have a store of its own.
  if (path.empty() || path[0] == ':' || path.rfind("file:", 0) == 0) {
    return absl::InvalidArgumentError(
        "sqlite: needs the path of a file, as in sqlite:/var/lib/finalmile/leads.db");
  }
  ASSIGN_OR_RETURN(auto lock, LockFile::Take(path, clock));
  // By its own name, beside which SQLite looks for its log.
  const std::string store = lock->store();
  auto database = std::make_unique<SqliteDatabase>(store, std::move(lock), clock, options);
  database->SetHeartbeat(options.heartbeat_interval);
  RETURN_IF_ERROR(database->Touch());
  return database;
}

}  // namespace finalmile::storage::sqlite
