#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/base/clock.h"
#include "libs/base/pool.h"
#include "libs/base/step.h"
#include "libs/storage/value.h"

// One interface over SQLite (embedded) and PostgreSQL (production).
//
// SQL text. One text serves both engines. Parameters are $1, $2, …, each bound by its name. Words in braces
// expand per engine before the statement is prepared (and are cached):
//   {bytes}       the byte string type             BYTEA                     | BLOB
//   {identity}    a growing integer primary key    BIGINT … AS IDENTITY      | INTEGER … AUTOINCREMENT
//   {for_update}  row lock of a SELECT             FOR UPDATE                | (nothing: one writer)
//   {skip_locked} the same, passing locked rows    FOR UPDATE SKIP LOCKED    | (nothing)
//   {sorted}      C collation for text order       COLLATE "C"               | (nothing: BINARY)
//   {rows: a TEXT, b BIGINT, …}   the rows of ExecuteMany, one column per name; see there
// Types in {rows}: TEXT, BIGINT, DOUBLE, BOOLEAN, {bytes} written as BYTES. Braces in literals, quoted names
// and comments stay.
//
// What is the same on both engines: text with U+0000, text that is not UTF-8 and NaN are refused before they
// are sent, with an error that IsUnstorable knows (one engine cannot store them; -0.0 may come back as 0.0,
// infinities stay); LIKE minds case; "x" is a name, never text. A parameter has the type of its Value and
// must suit its place without a conversion of kind: text is not taken for a number. NULL alone has no type:
// write CAST($1 AS BIGINT) where the place does not tell. A result column must be of a type that Value has,
// or a whole numeric: CAST anything else.
namespace finalmile::storage {

enum class Engine { kSqlite, kPostgres };

// The result of a statement that was deferred. Reading it before Transaction::Settle has returned OK is a
// programming error and ends the process.
class Deferred {
 public:
  Deferred() : answer_(std::make_shared<std::optional<Result>>()) {}
  explicit Deferred(Result result) : answer_(std::make_shared<std::optional<Result>>(std::move(result))) {}
  const Result& operator*() const { return Answered(); }
  const Result* operator->() const { return &Answered(); }
  bool answered() const { return answer_->has_value(); }
  // Where the engine puts the answer.
  const std::shared_ptr<std::optional<Result>>& slot() const { return answer_; }

 private:
  const Result& Answered() const;

  std::shared_ptr<std::optional<Result>> answer_;
};

// What a library above the store keeps beside it, to find it in every transaction of the store.
class Companion {
 public:
  virtual ~Companion() = default;
};

// A running transaction. Not thread-safe; valid only inside the function that Transact calls.
class Transaction {
 public:
  virtual ~Transaction() = default;

  virtual Engine engine() const = 0;

  // Runs one statement. Errors: ALREADY_EXISTS for a unique violation, FAILED_PRECONDITION for another
  // constraint, ABORTED for a conflict (Transact runs the function again), RESOURCE_EXHAUSTED for a full
  // disk, UNAVAILABLE for a lost connection, DEADLINE_EXCEEDED, INVALID_ARGUMENT for a value
  // that cannot be stored, DATA_LOSS for a damaged store, INTERNAL for wrong SQL or a write in a read-only
  // transaction. After an error the transaction can only be rolled back: return the status. A function that
  // returns OK all the same is not committed; Transact returns the error.
  virtual absl::StatusOr<Result> Execute(std::string_view sql, std::vector<Value> params = {}) = 0;

  // Runs a statement that reads {rows: …} once for all rows; the rows of its results are concatenated. Every
  // Row of `rows` has one Value per column named in the braces; the statement has no other parameters.
  // PostgreSQL: one statement over unnest() of one array per column. SQLite: one execution per row, in order.
  // So the statement must mean the same row by row: `INSERT … SELECT … FROM {rows: …} AS r WHERE TRUE ON
  // CONFLICT …`, `UPDATE t SET … FROM {rows: …} AS r WHERE t.id = r.id`, `SELECT … FROM {rows: …} AS r JOIN
  // …`. The order of returned rows is unspecified. Empty `rows`: nothing runs. Errors as Execute.
  virtual absl::StatusOr<Result> ExecuteMany(std::string_view sql, const std::vector<Row>& rows) = 0;

  // As Execute and ExecuteMany, but may return before the statement has run. PostgreSQL: the statement joins
  // those that are deferred, and they travel in one round trip with the next Execute, ExecuteMany or Settle,
  // or with COMMIT; a few megabytes of them are awaited, so that they do not pile up. SQLite: it runs at
  // once. On both, statements take effect in the order of the calls. An error, the same as Execute's, comes
  // out of this call or a later one, at the latest out of Transact: it is never lost and nothing is committed
  // after it. So an error that the function itself wants to tell from others is not for these two.
  virtual absl::StatusOr<Deferred> Defer(std::string_view sql, std::vector<Value> params = {});
  virtual absl::StatusOr<Deferred> DeferMany(std::string_view sql, const std::vector<Row>& rows);
  // Awaits what is deferred; then the results can be read.
  virtual absl::Status Settle();

  // Sets the events subscribed to `channel` (an identifier of [a-z_]) after, and only if, this transaction
  // commits; in every process on PostgreSQL. Signals coalesce. Costs no round trip and holds up no other
  // transaction. Other processes are told just after the commit, so a process that dies in between leaves
  // them untold: who must not miss a change looks now and then, too.
  virtual absl::Status Notify(std::string_view channel) = 0;

  // Calls `then` on the thread of Transact just after this transaction has committed; what was deferred is
  // answered by then. Destroys it uncalled when the transaction was rolled back or its outcome is unknown, or
  // the process ends in between: it is for what somebody else does as well, though later. `then` takes
  // microseconds and uses no store.
  virtual void AfterCommit(std::function<void()> then) = 0;
  // What Database::SetCompanion was given; null: nothing.
  virtual Companion* companion() const { return nullptr; }
};

// What a function returns to have Transact run it again, as after a conflict that the store reports: it found
// that another transaction came between. ABORTED; `message` is what the caller hears when time runs out.
absl::Status Conflict(std::string_view message);
bool IsConflict(const absl::Status& status);

// What Execute and the like return for a value that no store can hold: text with U+0000 or that is not UTF-8,
// or a NaN. INVALID_ARGUMENT. The fault lies in the data and not in the store, and the statement was not
// sent.
absl::Status Unstorable(std::string_view message);
bool IsUnstorable(const absl::Status& status);

using TransactionFunction = std::function<absl::Status(Transaction&)>;

struct TransactOptions {
  // Steady time after which the transaction is given up with DEADLINE_EXCEEDED. Every transaction has one.
  absl::Duration deadline;
  // A snapshot read. On SQLite it runs beside the writer.
  bool read_only = false;
  // False: the server may forget what it has committed when the machine it runs on fails within a second or
  // so, in return for not waiting for the disk. For what may be done again. No effect on SQLite.
  bool durable = true;
  // The function has the same effect when it is run again after it has been committed (it looks up a request
  // id or a fence first). Then a connection lost during COMMIT is answered by running it again rather than by
  // UNKNOWN.
  bool repeatable = false;
  // Plans of its statements are kept from the first time on, whatever their values: for many small statements
  // that one index serves, where planning takes longer than running. No effect on SQLite.
  bool keep_plans = false;
};

// A session that holds a named lock of the store: the one leader among all processes on this store.
// Thread-safe: its transactions take turns on the one session, in order of arrival, so each waits at most for
// those that came before it. Destroying it releases the lock; nobody may be using it then.
class Leadership {
 public:
  virtual ~Leadership() = default;
  // Runs a transaction on the very session that holds the lock: it commits only if the lock is still held.
  // It is given up with DEADLINE_EXCEEDED at options.deadline, or heartbeat_interval() after its turn has
  // come (SQLite: after the call) if that is earlier. UNAVAILABLE when the lock is lost, UNKNOWN when it was
  // lost during COMMIT. After any error the lock may be lost, which Heartbeat tells. A conflict may be
  // answered with ABORTED.
  virtual absl::Status Transact(const TransactOptions& options, const TransactionFunction& function) = 0;
  // To be called at least every heartbeat_interval(): the server ends a session that stays silent for three
  // of them (a frozen process loses the lock although its socket lives). Returns OK at once while a
  // transaction runs, which the server hears of. After an error this object is of no further use.
  virtual absl::Status Heartbeat(absl::Duration deadline) = 0;
  virtual absl::Duration heartbeat_interval() const = 0;
};

// While it lives, notifications of its channel set its event.
class Subscription {
 public:
  virtual ~Subscription() = default;
};

// A store. Thread-safe; calls block, none longer than its deadline.
class Database {
 public:
  virtual ~Database() = default;

  virtual Engine engine() const = 0;

  // Runs `function` in a transaction, commits when it returns OK, else rolls back and returns its status.
  // Runs it again (it must be re-runnable: no effect outside the transaction but on variables it resets)
  // after a conflict, with jittered backoff, until the deadline, and once, at once, when the connection is
  // lost before COMMIT. READ COMMITTED on PostgreSQL (REPEATABLE READ when read_only); BEGIN IMMEDIATE behind
  // one fair mutex on SQLite. UNAVAILABLE, without waiting: the server is away. UNKNOWN: the connection was
  // lost, or the deadline passed, during COMMIT and the outcome cannot be known (see
  // TransactOptions::repeatable). `function` must not call Transact: on SQLite that would wait for itself.
  virtual absl::Status Transact(const TransactOptions& options, const TransactionFunction& function) = 0;

  // Takes the lock `name`. FAILED_PRECONDITION at once when another session holds it. On PostgreSQL the
  // session that tried is kept for the next try of this name, so that who tries at every heartbeat interval
  // opens no further one. The leadership must not outlive the database.
  virtual absl::StatusOr<std::unique_ptr<Leadership>> Elect(std::string_view name,
                                                            absl::Duration deadline) = 0;

  // `event` must outlive the subscription, and its Set must not call the database. A lost connection sets the
  // event too once it is back: look again.
  virtual std::unique_ptr<Subscription> Subscribe(std::string_view channel, WaitEvent& event) = 0;

  // What the transactions of this store show as their companion, those of its leaderships included. Before
  // the first transaction; it outlives the last one.
  virtual void SetCompanion(Companion* /*companion*/) {}

  // Background work the engine needs (PostgreSQL: the listening connection). Owned by the database; run by
  // the runtime between opening and Close.
  virtual std::vector<Step*> steps() = 0;

  // Whether a session lasts as long as its connection, which leadership and notifications rest on. Blocks
  // until `deadline` at most. FAILED_PRECONDITION behind a pooler that gives each transaction another
  // session; UNAVAILABLE and DEADLINE_EXCEEDED when the store does not answer.
  virtual absl::Status CheckSessions(absl::Duration /*deadline*/) { return absl::OkStatus(); }

  // The connections of its pool now; SQLite: of its readers.
  virtual PoolUse connections() const { return {}; }

  // Publishes where the suite that has this store open can be reached ("127.0.0.1:7000"), in the lock file of
  // an embedded store; no effect on PostgreSQL.
  virtual absl::Status Advertise(std::string_view address) = 0;
};

// Sessions of PostgreSQL that a process may hold on top of OpenOptions::connections: one listens, one leads
// or waits to lead.
inline constexpr int kOtherSessions = 2;

struct OpenOptions {
  // Most connections (PostgreSQL; see kOtherSessions) or concurrent readers (SQLite).
  int connections = 8;
  // Session name shown by the server: "finalmile-leads".
  std::string application = "finalmile";
  // Heartbeat of Leadership sessions.
  absl::Duration heartbeat_interval = absl::Seconds(1);
  // Told how long each transaction waited for a connection of the pool, its opening included; may be empty.
  // Thread-safe; does not block.
  std::function<void(absl::Duration)> waited = {};
};

// Opens `sqlite:PATH` (made if absent; one process at a time, by flock on PATH.lock: FAILED_PRECONDITION
// names the holder's address) or `postgresql://…` (libpq URI). A password comes from a file alone:
// FAILED_PRECONDITION when it cannot be read. `?password.file=PATH` is read for every new session, so that a
// password which is changed there is taken without a restart; a final line break is dropped, others than the
// owner may read it. `?passfile=PATH` is libpq's own, which only the owner may read. INVALID_ARGUMENT for
// another scheme and for a secret in the URI. `clock` must outlive the database.
absl::StatusOr<std::unique_ptr<Database>> Open(std::string_view url, Clock& clock,
                                               const OpenOptions& options);

// The address advertised by the process that holds the embedded store at `path`; NOT_FOUND when none holds
// it, UNAVAILABLE when the holder has not advertised one.
absl::StatusOr<std::string> HolderOf(std::string_view path);

}  // namespace finalmile::storage
