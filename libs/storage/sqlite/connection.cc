#include "libs/storage/sqlite/connection.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <type_traits>
#include <utility>

#include "libs/base/status.h"

namespace finalmile::storage::sqlite {
namespace {

// A service has fewer texts than this; generated ones may overflow it, then all are prepared anew.
constexpr size_t kMostPrepared = 500;
// Instructions of SQLite's machine between two looks at the clock: some 100 µs.
constexpr int kProgressInterval = 10'000;

int BindValue(sqlite3_stmt* statement, int number, const Value& value) {
  return std::visit(
      [&](const auto& v) {
        using T = std::decay_t<decltype(v)>;
        if constexpr (std::is_same_v<T, std::monostate>) {
          return sqlite3_bind_null(statement, number);
        } else if constexpr (std::is_same_v<T, double>) {
          return sqlite3_bind_double(statement, number, v);
        } else if constexpr (std::is_same_v<T, std::string>) {
          return sqlite3_bind_text64(statement, number, v.data(), v.size(), SQLITE_STATIC, SQLITE_UTF8);
        } else if constexpr (std::is_same_v<T, Bytes>) {
          return sqlite3_bind_blob64(statement, number, v.data.data(), v.data.size(), SQLITE_STATIC);
        } else {
          return sqlite3_bind_int64(statement, number, v);
        }
      },
      value);
}

Value ReadValue(sqlite3_stmt* statement, int column) {
  switch (sqlite3_column_type(statement, column)) {
    case SQLITE_INTEGER:
      return static_cast<int64_t>(sqlite3_column_int64(statement, column));
    case SQLITE_FLOAT:
      return sqlite3_column_double(statement, column);
    case SQLITE_TEXT: {
      const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement, column));
      return std::string(text, static_cast<size_t>(sqlite3_column_bytes(statement, column)));
    }
    case SQLITE_BLOB: {
      const auto* data = static_cast<const char*>(sqlite3_column_blob(statement, column));
      const auto size = static_cast<size_t>(sqlite3_column_bytes(statement, column));
      return Bytes{size == 0 ? std::string() : std::string(data, size)};
    }
    default:
      return std::monostate();
  }
}

}  // namespace

void Connection::Finalize::operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }

Connection::Connection(std::string path, Role role, Clock& clock, absl::Duration deadline)
    : path_(std::move(path)), role_(role), clock_(clock), pause_(clock.NewWaitEvent()), deadline_(deadline) {}

Connection::~Connection() {
  prepared_.clear();
  // A deadline that has passed must not stop the checkpoint that the last connection makes.
  deadline_ = absl::InfiniteDuration();
  sqlite3_close(db_);
}

absl::StatusOr<std::unique_ptr<Connection>> Connection::Open(const std::string& path, Role role, Clock& clock,
                                                             absl::Duration deadline) {
  std::unique_ptr<Connection> connection(new Connection(path, role, clock, deadline));
  const int flags =
      SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | (role == Role::kWriter ? SQLITE_OPEN_CREATE : 0);
  if (const int code = sqlite3_open_v2(path.c_str(), &connection->db_, flags, nullptr); code != SQLITE_OK) {
    return connection->Failure(code, "open");
  }
  RETURN_IF_ERROR(connection->Configure());
  return connection;
}

absl::Status Connection::Configure() {
  sqlite3_extended_result_codes(db_, 1);
  // SQLite opens a file that it may not write all the same, and says so at the first write.
  if (sqlite3_db_readonly(db_, "main") == 1) return Failure(SQLITE_READONLY, "open");
  sqlite3_busy_handler(db_, &Connection::OnBusy, this);
  sqlite3_progress_handler(db_, kProgressInterval, &Connection::OnProgress, this);
  // "x" names a column on PostgreSQL; here too, rather than becoming text when there is no such column.
  sqlite3_db_config(db_, SQLITE_DBCONFIG_DQS_DML, 0, nullptr);
  sqlite3_db_config(db_, SQLITE_DBCONFIG_DQS_DDL, 0, nullptr);
  const char* pragmas =
      "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA secure_delete "
      "= ON;"
      "PRAGMA case_sensitive_like = ON; PRAGMA trusted_schema = OFF; PRAGMA temp_store = MEMORY;"
      "PRAGMA mmap_size = 33554432; PRAGMA cache_size = -8192; PRAGMA journal_size_limit = 67108864;";
  if (const int code = sqlite3_exec(db_, pragmas, nullptr, nullptr, nullptr); code != SQLITE_OK) {
    return Failure(code, "open");
  }
  // A write by mistake is refused before it takes the writer's lock.
  if (role_ == Role::kReader) sqlite3_exec(db_, "PRAGMA query_only = ON", nullptr, nullptr, nullptr);
  return absl::OkStatus();
}

absl::StatusOr<Result> Connection::Execute(std::string_view sql, const std::vector<Value>& params) {
  RETURN_IF_ERROR(CheckValues(params));
  ASSIGN_OR_RETURN(Prepared * prepared, Prepare(sql));
  if (!prepared->columns.empty()) return WrongSql("{rows: …} is for ExecuteMany", sql);
  RETURN_IF_ERROR(Bind(*prepared, params, sql));
  Result result;
  RETURN_IF_ERROR(Step(*prepared, result, sql));
  return result;
}

absl::StatusOr<Result> Connection::ExecuteMany(std::string_view sql, const std::vector<Row>& rows) {
  Result result;
  if (rows.empty()) return result;
  ASSIGN_OR_RETURN(Prepared * prepared, Prepare(sql));
  if (prepared->columns.empty()) return WrongSql("ExecuteMany needs {rows: …}", sql);
  RETURN_IF_ERROR(CheckRows(prepared->columns, rows));
  for (const Row& row : rows) {
    RETURN_IF_ERROR(Bind(*prepared, row.values(), sql));
    RETURN_IF_ERROR(Step(*prepared, result, sql));
  }
  return result;
}

bool Connection::in_transaction() const { return sqlite3_get_autocommit(db_) == 0; }

absl::StatusOr<Connection::Prepared*> Connection::Prepare(std::string_view sql) {
  if (const auto found = prepared_.find(sql); found != prepared_.end()) return &found->second;
  ASSIGN_OR_RETURN(Statement expanded, Expand(Engine::kSqlite, sql));
  if (prepared_.size() >= kMostPrepared) prepared_.clear();
  Prepared prepared;
  prepared.columns = std::move(expanded.columns);
  sqlite3_stmt* statement = nullptr;
  const char* rest = nullptr;
  const int code = sqlite3_prepare_v3(db_, expanded.text.c_str(), static_cast<int>(expanded.text.size()) + 1,
                                      SQLITE_PREPARE_PERSISTENT, &statement, &rest);
  prepared.statement.reset(statement);
  if (code != SQLITE_OK) return Failure(code, sql);
  if (statement == nullptr) return WrongSql("no statement", sql);
  if (std::strspn(rest, " \t\r\n") != std::strlen(rest)) return WrongSql("more than one statement", sql);
  const int count = sqlite3_bind_parameter_count(statement);
  // "$1" is a name to SQLite, numbered by first appearance.
  for (int found = 0; found < count;) {
    const std::string name = fmt::format("${}", prepared.numbers.size() + 1);
    const int number = sqlite3_bind_parameter_index(statement, name.c_str());
    if (number == 0)
      return WrongSql(fmt::format("parameters must be $1, $2, … without holes; {} is missing", name), sql);
    prepared.numbers.push_back(number);
    ++found;
  }
  return &prepared_.emplace(sql, std::move(prepared)).first->second;
}

absl::Status Connection::Bind(const Prepared& prepared, const std::vector<Value>& values,
                              std::string_view sql) {
  if (values.size() != prepared.numbers.size()) {
    return WrongSql(fmt::format("{} values for {} parameters", values.size(), prepared.numbers.size()), sql);
  }
  for (size_t i = 0; i < values.size(); ++i) {
    const int code = BindValue(prepared.statement.get(), prepared.numbers[i], values[i]);
    if (code != SQLITE_OK) return Failure(code, sql);
  }
  return absl::OkStatus();
}

absl::Status Connection::Step(const Prepared& prepared, Result& result, std::string_view sql) {
  sqlite3_stmt* statement = prepared.statement.get();
  if (clock_.Steady() >= deadline_) return Failure(SQLITE_INTERRUPT, sql);
  const int64_t changes_before = sqlite3_total_changes64(db_);
  const size_t rows_before = result.rows.size();
  const int columns = sqlite3_column_count(statement);
  int code;
  while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
    std::vector<Value> values;
    values.reserve(static_cast<size_t>(columns));
    for (int i = 0; i < columns; ++i) values.push_back(ReadValue(statement, i));
    result.rows.emplace_back(std::move(values));
  }
  absl::Status status = code == SQLITE_DONE ? absl::OkStatus() : Failure(code, sql);
  if (sqlite3_stmt_readonly(statement) != 0) {
    result.affected += static_cast<int64_t>(result.rows.size() - rows_before);
  } else if (sqlite3_total_changes64(db_) != changes_before) {
    // The total also counts rows that foreign keys remove; it only tells whether changes64 is of this
    // statement.
    result.affected += sqlite3_changes64(db_);
  }
  sqlite3_reset(statement);
  return status;
}

absl::Status Connection::Failure(int code, std::string_view sql) const {
  const std::string message = db_ == nullptr ? sqlite3_errstr(code) : sqlite3_errmsg(db_);
  const int system_error = db_ == nullptr ? 0 : sqlite3_system_errno(db_);
  const auto about_file = [&] {
    return fmt::format("{}: {}{}{}", path_, message, system_error != 0 ? ": " : "",
                       system_error != 0 ? strerror(system_error) : "");
  };
  switch (code & 0xff) {
    case SQLITE_CONSTRAINT:
      if (code == SQLITE_CONSTRAINT_UNIQUE || code == SQLITE_CONSTRAINT_PRIMARYKEY ||
          code == SQLITE_CONSTRAINT_ROWID) {
        return absl::AlreadyExistsError(message);
      }
      return absl::FailedPreconditionError(message);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return absl::DeadlineExceededError(fmt::format("{} is locked by another program", path_));
    case SQLITE_INTERRUPT:
      return absl::DeadlineExceededError("the deadline passed while a statement ran");
    case SQLITE_FULL:
      return absl::ResourceExhaustedError(fmt::format("{}: the disk is full; free some space", path_));
    case SQLITE_NOMEM:
      return absl::ResourceExhaustedError(message);
    case SQLITE_TOOBIG:
      return absl::InvalidArgumentError(message);
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return absl::DataLossError(fmt::format("{}: {}; restore it from a backup", path_, message));
    case SQLITE_READONLY:
      if (role_ == Role::kReader && in_transaction())
        return WrongSql("a read-only transaction cannot write", sql);
      [[fallthrough]];
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_AUTH:
      return absl::FailedPreconditionError(about_file() + "; the store needs a writable file and folder");
    case SQLITE_IOERR:
      if (system_error == ENOSPC || system_error == EDQUOT) {
        return absl::ResourceExhaustedError(fmt::format("{}: the disk is full; free some space", path_));
      }
      return absl::UnavailableError(about_file());
    default:
      return WrongSql(message, sql);
  }
}

int Connection::OnBusy(void* self, int tries) {
  auto& connection = *static_cast<Connection*>(self);
  const absl::Duration now = connection.clock_.Steady();
  if (now >= connection.deadline_) return 0;
  // Only another program can hold the file's locks: within this process writers queue.
  const absl::Duration pause = absl::Milliseconds(std::min(1 << std::min(tries, 5), 25));
  connection.pause_->WaitUntil(std::min(now + pause, connection.deadline_));
  return 1;
}

int Connection::OnProgress(void* self) {
  const auto& connection = *static_cast<Connection*>(self);
  return connection.clock_.Steady() >= connection.deadline_ ? 1 : 0;
}

}  // namespace finalmile::storage::sqlite
