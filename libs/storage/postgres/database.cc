#include "libs/storage/postgres/database.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "libs/base/address.h"
#include "libs/base/backoff.h"
#include "libs/base/fair_semaphore.h"
#include "libs/base/pool.h"
#include "libs/base/random.h"
#include "libs/base/status.h"
#include "libs/storage/postgres/connection.h"
#include "libs/storage/postgres/listener.h"
#include "libs/storage/postgres/transaction.h"
#include "libs/storage/subscribers.h"
#include "libs/storage/transaction_span.h"

namespace finalmile::storage::postgres {
namespace {

// How often a pooler is given the chance to show that it swaps sessions.
constexpr int kPoolerTries = 4;
constexpr std::string_view kPasswordFile = "password.file";

class PostgresLeadership final : public Leadership {
 public:
  PostgresLeadership(std::unique_ptr<Connection> connection, Clock& clock, const Notifier& notifier,
                     Companion* companion, absl::Duration heartbeat_interval)
      : connection_(std::move(connection)),
        clock_(clock),
        notifier_(notifier),
        companion_(companion),
        heartbeat_interval_(heartbeat_interval),
        turns_(clock, 1) {}

  absl::Status Transact(const TransactOptions& options, const TransactionFunction& function) override {
    const Turn turn(turns_, options.deadline);
    if (!turn.taken() || clock_.Steady() >= options.deadline)
      return absl::DeadlineExceededError("the deadline passed before the start");
    if (!connection_->Usable()) return absl::UnavailableError("the lock is lost: its session has ended");
    TransactOptions bounded = options;
    bounded.deadline = std::min(options.deadline, clock_.Steady() + heartbeat_interval_);
    return RunOnce(*connection_, clock_, notifier_, companion_, bounded, function).status;
  }

  absl::Status Heartbeat(absl::Duration deadline) override {
    const Turn turn(turns_, clock_.Steady());
    if (!turn.taken()) return absl::OkStatus();
    RETURN_IF_ERROR(connection_->Add("SELECT 1"));
    return connection_->Run(deadline);
  }

  absl::Duration heartbeat_interval() const override { return heartbeat_interval_; }

 private:
  class Turn {
   public:
    Turn(FairSemaphore& turns, absl::Duration deadline) : turns_(turns), taken_(turns.Acquire(deadline)) {}
    ~Turn() {
      if (taken_) turns_.Release();
    }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;
    bool taken() const { return taken_; }

   private:
    FairSemaphore& turns_;
    const bool taken_;
  };

  // Used by who has the turn.
  const std::unique_ptr<Connection> connection_;
  Clock& clock_;
  const Notifier& notifier_;
  Companion* const companion_;
  const absl::Duration heartbeat_interval_;
  FairSemaphore turns_;
};

class PostgresDatabase final : public Database {
 public:
  PostgresDatabase(SessionOptions session, Clock& clock, const OpenOptions& options)
      : session_(std::move(session)),
        clock_(clock),
        heartbeat_interval_(options.heartbeat_interval),
        rng_(NewSystemRng()),
        notifier_{subscribers_, fmt::format("{:016x}", rng_->Next())},
        pool_(
            clock, options.connections, "connection",
            [this](absl::Duration deadline) { return Connect(session_, deadline); }, options.waited),
        listener_(session_, clock, *rng_, notifier_) {}

  Engine engine() const override { return Engine::kPostgres; }

  absl::Status Transact(const TransactOptions& options, const TransactionFunction& function) override {
    return TransactInSpan(Engine::kPostgres, options, function,
                          [&](const TransactionFunction& traced) { return RunUntilDone(options, traced); });
  }

  absl::StatusOr<std::unique_ptr<Leadership>> Elect(std::string_view name, absl::Duration deadline) override {
    std::unique_ptr<Connection> connection = TakeCandidate(name);
    if (connection == nullptr || !connection->Usable()) {
      SessionOptions session = session_;
      session.idle_session = session.idle_in_transaction = 3 * heartbeat_interval_;
      ASSIGN_OR_RETURN(connection, Connect(session, deadline));
    }
    const Deferred locked;
    RETURN_IF_ERROR(connection->Add("SELECT pg_try_advisory_lock(hashtextextended($1, 0))",
                                    {std::string(name)}, locked.slot()));
    RETURN_IF_ERROR(connection->Run(deadline));
    if (!locked->rows[0].Bool(0)) {
      std::lock_guard lock(mutex_);
      candidates_[std::string(name)] = std::move(connection);
      return absl::FailedPreconditionError(fmt::format("another session leads \"{}\"", name));
    }
    return std::make_unique<PostgresLeadership>(std::move(connection), clock_, notifier_, companion_,
                                                heartbeat_interval_);
  }

  std::unique_ptr<Subscription> Subscribe(std::string_view channel, WaitEvent& event) override {
    auto subscription = subscribers_.Add(channel, event);
    listener_.wake().Set();
    return subscription;
  }

  void SetCompanion(Companion* companion) override { companion_ = companion; }

  std::vector<Step*> steps() override { return {&listener_}; }

  absl::Status CheckSessions(absl::Duration deadline) override {
    ASSIGN_OR_RETURN(const auto session, pool_.Acquire(deadline));
    ASSIGN_OR_RETURN(const int64_t process, ProcessOf(*session, deadline));
    // PostgreSQL names the process that answers. A pooler makes a number up.
    if (process == session->server_process()) return absl::OkStatus();
    ASSIGN_OR_RETURN(const auto other, Connect(session_, deadline));
    for (int tries = 0; tries < kPoolerTries; ++tries) {
      // One in transaction mode gives what the first connection used to a transaction of the second one.
      RETURN_IF_ERROR(other->AddPlain("BEGIN"));
      RETURN_IF_ERROR(ProcessOf(*other, deadline).status());
      const absl::StatusOr<int64_t> again = ProcessOf(*session, deadline);
      if (absl::IsUnavailable(again.status())) return again.status();
      if (!again.ok() || *again != process) {
        return absl::FailedPreconditionError(
            "store: a pooler in transaction mode answers in PostgreSQL's place, so that each transaction "
            "gets "
            "another session: leadership and notifications need sessions that last; give the address of "
            "PostgreSQL itself, or of a pooler in session mode");
      }
      RETURN_IF_ERROR(other->AddPlain("COMMIT"));
      RETURN_IF_ERROR(other->Run(deadline));
    }
    return absl::OkStatus();
  }

  PoolUse connections() const override { return pool_.use(); }

  absl::Status Advertise(std::string_view) override { return absl::OkStatus(); }

 private:
  static absl::StatusOr<int64_t> ProcessOf(Connection& connection, absl::Duration deadline) {
    const Deferred process;
    RETURN_IF_ERROR(connection.AddPlain("SELECT CAST(pg_backend_pid() AS BIGINT)", process.slot()));
    RETURN_IF_ERROR(connection.Run(deadline));
    return process->rows[0].Int(0);
  }

  absl::Status RunUntilDone(const TransactOptions& options, const TransactionFunction& function) {
    // Set once a COMMIT went unanswered; from then on no other failure is the whole truth.
    absl::Status unknown;
    bool lost_before = false;
    for (int tries = 0;; ++tries) {
      if (clock_.Steady() >= options.deadline) {
        return unknown.ok()
                   ? absl::DeadlineExceededError("the deadline passed before the transaction succeeded")
                   : unknown;
      }
      const Attempt attempt = Try(options, function);
      switch (attempt.outcome) {
        case Outcome::kCommitted:
        case Outcome::kRolledBack:
          return attempt.status;
        case Outcome::kConflict:
          break;
        case Outcome::kLost:
          // Once, at no cost: the session may have died long ago, in the pool. Then the server is away.
          if (!std::exchange(lost_before, true)) continue;
          if (unknown.ok()) return attempt.status;
          break;
        case Outcome::kUnknown:
          if (!options.repeatable) return attempt.status;
          unknown = attempt.status;
          break;
      }
      clock_.NewWaitEvent()->WaitUntil(
          std::min(options.deadline, clock_.Steady() + BackoffAfter(tries, *rng_)));
    }
  }

  Attempt Try(const TransactOptions& options, const TransactionFunction& function) {
    auto connection = pool_.Acquire(options.deadline);
    if (!connection.ok()) {
      const bool away = absl::IsUnavailable(connection.status());
      return {away ? Outcome::kLost : Outcome::kRolledBack, connection.status()};
    }
    return RunOnce(**connection, clock_, notifier_, companion_, options, function);
  }

  std::unique_ptr<Connection> TakeCandidate(std::string_view name) {
    std::lock_guard lock(mutex_);
    auto candidate = candidates_.extract(std::string(name));
    return candidate.empty() ? nullptr : std::move(candidate.mapped());
  }

  // Opens a session, or repeats the last failure while it is too early for another try: a server that comes
  // back is not trampled, and callers learn at once that it is away.
  absl::StatusOr<std::unique_ptr<Connection>> Connect(const SessionOptions& session,
                                                      absl::Duration deadline) {
    {
      std::lock_guard lock(mutex_);
      if (clock_.Steady() < next_try_) return absl::UnavailableError(failure_);
    }
    auto connection = Connection::Open(session, clock_, deadline);
    const absl::Duration backoff = BackoffAfter(0, *rng_);
    std::lock_guard lock(mutex_);
    if (connection.ok()) {
      failures_ = 0;
    } else if (absl::IsUnavailable(connection.status())) {
      // Its text alone: under ThreadSanitizer Debian's Abseil must not share a Status among threads.
      failure_ = std::string(connection.status().message());
      next_try_ = clock_.Steady() + backoff * (1 << std::min(failures_++, 6));
    }
    return connection;
  }

  const SessionOptions session_;
  Clock& clock_;
  const absl::Duration heartbeat_interval_;
  const std::unique_ptr<Rng> rng_;
  Subscribers subscribers_;
  const Notifier notifier_;
  Companion* companion_ = nullptr;
  // Guards what follows.
  std::mutex mutex_;
  int failures_ = 0;
  absl::Duration next_try_;
  std::string failure_;
  // By the name of the lock, the sessions that found it taken.
  std::map<std::string, std::unique_ptr<Connection>> candidates_;
  Pool<Connection> pool_;
  Listener listener_;
};

// libpq ignores a passfile that is missing, or that others may read, and goes on without a password.
absl::Status CheckPassfile(const std::string& path) {
  RETURN_IF_ERROR(CheckSecretFile("store: passfile", path));
  struct stat info;
  if (stat(path.c_str(), &info) == 0 && (info.st_mode & (S_IRWXG | S_IRWXO)) == 0) return absl::OkStatus();
  return absl::FailedPreconditionError(fmt::format(
      "store: passfile: others may read {}, and so libpq ignores it: run `chmod 600 {}`, or name a file with "
      "the password alone by password.file={}",
      path, path, path));
}

// Takes password.file out of the address, which libpq does not know.
absl::StatusOr<SessionOptions> ReadAddress(const std::string& address) {
  SessionOptions session{.url = address, .application = {}};
  ASSIGN_OR_RETURN(const std::vector<AddressParameter> parameters, ParametersOf(address));
  for (const auto& [name, value] : parameters) {
    if (name == "passfile") RETURN_IF_ERROR(CheckPassfile(value));
    if (name != kPasswordFile) continue;
    RETURN_IF_ERROR(CheckSecretFile("store: password.file", value));
    session.password_file = value;
  }
  if (!session.password_file.empty()) session.url = WithoutParameter(address, kPasswordFile);
  RETURN_IF_ERROR(CheckUrl(session.url));
  return session;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Database>> Open(const std::string& url, Clock& clock,
                                               const OpenOptions& options) {
  ASSIGN_OR_RETURN(SessionOptions session, ReadAddress(url));
  session.application = options.application;
  if (options.heartbeat_interval < absl::Milliseconds(1)) {
    return absl::InvalidArgumentError("the heartbeat interval must be at least 1 ms");
  }
  return std::make_unique<PostgresDatabase>(std::move(session), clock, options);
}

}  // namespace finalmile::storage::postgres
