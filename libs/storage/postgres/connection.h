#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/base/clock.h"
#include "libs/storage/postgres/codec.h"
#include "libs/storage/postgres/session.h"
#include "libs/storage/sql.h"
#include "libs/storage/value.h"

struct pg_result;

namespace finalmile::storage::postgres {

// One session in pipeline mode: statements are added, then sent together and answered together, in one round
// trip. Used by one thread at a time. Statements are prepared when first used, but for
// those over many rows, which are planned anew.
class Connection {
 public:
  // UNAVAILABLE with the reason, also when the password's file cannot be read; DEADLINE_EXCEEDED.
  // FAILED_PRECONDITION where a pooler refuses what a session needs. Only the look-up of a host's name may
  // outlast `deadline` (libpq).
  static absl::StatusOr<std::unique_ptr<Connection>> Open(const SessionOptions& options, Clock& clock,
                                                          absl::Duration deadline);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Where the result of a statement goes when Run has read it; null: it is dropped.
  using Slot = std::shared_ptr<std::optional<Result>>;

  // Adds a statement to the batch, or refuses it as Transaction::Execute and ExecuteMany do and adds nothing.
  absl::Status Add(std::string_view sql, const std::vector<Value>& params = {}, Slot slot = nullptr);
  // Adds a text without parameters that is not worth preparing.
  absl::Status AddPlain(const char* sql, Slot slot = nullptr);
  // As Add, for a statement whose failure does not matter: Run does not report it.
  absl::Status AddOptional(std::string_view sql, const std::vector<Value>& params);
  absl::Status AddMany(std::string_view sql, const std::vector<Row>& rows, Slot slot = nullptr);

  // Bytes of parameters that were added since the last Run. A long batch is sent, and run, while it is added
  // to; what the server does not take yet is held here.
  size_t added_bytes() const { return added_bytes_; }

  // Sends the batch and awaits the answers. The first error, after which the rest of the batch was skipped.
  // When `deadline` (steady) passes first, the session is given up.
  absl::Status Run(absl::Duration deadline);

  // Ends the batch and reads its answers, errors included, only before those of the next Run.
  void RunUnanswered();

  // The process of the server that the server, or the pooler before it, named when the session began.
  int server_process() const;

  // Whether the session lives, as far as can be told without waiting.
  bool Usable();
  // Whether the session has ended; `sqlstate` is of the server's last error.
  bool lost() const { return lost_; }
  const std::string& sqlstate() const { return sqlstate_; }

  // Blocks until the server says something on its own, `wake_file` becomes readable or `limit` has passed;
  // returns the payloads of the notifications that arrived. UNAVAILABLE: the session has ended.
  absl::StatusOr<std::vector<std::string>> AwaitNotifications(int wake_file, absl::Duration limit);

 private:
  // A text prepared for some parameter types.
  struct Variant {
    std::string name;
    std::string sql;
    std::vector<TypeId> types;
    // The server has it, or it is on its way.
    bool prepared = false;
  };
  struct Prepared {
    Statement statement;
    std::vector<std::shared_ptr<Variant>> variants;
  };
  // What the server still owes an answer to, in order.
  struct Pending {
    enum Kind { kPrepare, kExecute, kSync } kind;
    // kPrepare has it and, unless it was sent plain, kExecute.
    std::shared_ptr<Variant> variant;
    // kExecute: the server had the statement before this batch.
    bool reused = false;
    Slot slot = nullptr;
    bool optional = false;
    bool answered = false;
  };
  // Parameters in binary form.
  struct Parameters {
    std::vector<TypeId> types;
    std::string bytes;
    // Where each ends in `bytes`; -1 for NULL.
    std::vector<int64_t> ends;
  };
  struct Hash : std::hash<std::string_view> {
    using is_transparent = void;
  };

  Connection(pg_conn* connection, Clock& clock) : connection_(connection), clock_(clock) {}

  absl::Status AwaitConnected(absl::Duration deadline);
  absl::StatusOr<Prepared*> Find(std::string_view sql);
  std::shared_ptr<Variant> Choose(Prepared& prepared, const std::vector<TypeId>& types);
  // `keep_plan`: as a prepared statement.
  absl::Status Send(Prepared& prepared, const Parameters& parameters, Slot slot, bool keep_plan);
  // Waits until there is something to read, or room to write while something is unsent.
  absl::Status AwaitSocket(absl::Duration deadline);
  absl::Status NoteAnswer(pg_result* answer, const Pending& pending);
  absl::Status NoteError(pg_result* answer, const Pending& pending);
  absl::Status Lost(std::string_view why = "");

  // nullptr once lost.
  pg_conn* connection_;
  Clock& clock_;
  std::unordered_map<std::string, Prepared, Hash, std::equal_to<>> prepared_;
  int64_t names_ = 0;
  std::deque<Pending> pending_;
  size_t added_bytes_ = 0;
  bool unsent_ = false;
  bool lost_ = false;
  std::string sqlstate_;
  std::string reason_;
};

}  // namespace finalmile::storage::postgres
