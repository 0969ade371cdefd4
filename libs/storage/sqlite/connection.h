#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/base/clock.h"
#include "libs/storage/sql.h"
#include "libs/storage/value.h"

struct sqlite3;
struct sqlite3_stmt;

namespace finalmile::storage::sqlite {

enum class Role { kWriter, kReader };

// One sqlite3 connection with its prepared statements. Used by one thread at a time.
class Connection {
 public:
  // Opens `path` in WAL mode, which the first writer sets. The errors name the path.
  static absl::StatusOr<std::unique_ptr<Connection>> Open(const std::string& path, Role role, Clock& clock,
                                                          absl::Duration deadline);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Until the next call statements end with DEADLINE_EXCEEDED at `deadline` (steady), while they compute and
  // while they wait for another process's lock.
  void set_deadline(absl::Duration deadline) { deadline_ = deadline; }

  // As Transaction::Execute and ExecuteMany, with the same errors.
  absl::StatusOr<Result> Execute(std::string_view sql, const std::vector<Value>& params = {});
  absl::StatusOr<Result> ExecuteMany(std::string_view sql, const std::vector<Row>& rows);

  // Whether a transaction is open; a full disk ends it without being asked.
  bool in_transaction() const;

  // A transaction that could not be ended makes the connection unfit for the next.
  bool Usable() const { return !in_transaction(); }

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };
  struct Prepared {
    std::unique_ptr<sqlite3_stmt, Finalize> statement;
    std::vector<RowsColumn> columns;
    // The engine's number of $1, $2, …; zero where the text does not use it.
    std::vector<int> numbers;
  };
  struct Hash : std::hash<std::string_view> {
    using is_transparent = void;
  };

  Connection(std::string path, Role role, Clock& clock, absl::Duration deadline);

  absl::Status Configure();
  absl::StatusOr<Prepared*> Prepare(std::string_view sql);
  absl::Status Bind(const Prepared& prepared, const std::vector<Value>& values, std::string_view sql);
  absl::Status Step(const Prepared& prepared, Result& result, std::string_view sql);
  absl::Status Failure(int code, std::string_view sql) const;
  static int OnBusy(void* self, int tries);
  static int OnProgress(void* self);

  const std::string path_;
  const Role role_;
  Clock& clock_;
  const std::unique_ptr<WaitEvent> pause_;
  absl::Duration deadline_;
  sqlite3* db_ = nullptr;
  std::unordered_map<std::string, Prepared, Hash, std::equal_to<>> prepared_;
};

}  // namespace finalmile::storage::sqlite
