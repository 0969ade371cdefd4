#include "libs/storage/postgres/connection.h"

#include <fmt/format.h>
#include <libpq-fe.h>
#include <poll.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "libs/base/status.h"
#include "libs/storage/postgres/error.h"

namespace finalmile::storage::postgres {
namespace {

// A service has fewer texts than this; generated ones may overflow it, then all are prepared anew.
constexpr size_t kMostPrepared = 500;
// From so many rows on, a plan that knows their number and the tables' sizes is worth making. One that was
// kept from when the tables were empty may compare every row with every row.
constexpr size_t kPlannedAnew = 50;

using OwnedAnswer = std::unique_ptr<PGresult, decltype(&PQclear)>;
// libpq's messages have line breaks and tabs in them.
std::string OneLine(std::string_view message) {
  std::string line;
  for (const char c : message) {
    if (c != '\n' && c != '\t') {
      line += c;
    } else if (!line.empty() && line.back() != ' ') {
      line += ' ';
    }
  }
  while (!line.empty() && line.back() == ' ') line.pop_back();
  return line;
}

// Returns whether one of `files` is ready before `limit` has passed.
bool Poll(pollfd* files, nfds_t count, absl::Duration limit) {
  const timespec span = absl::ToTimespec(std::clamp(limit, absl::ZeroDuration(), absl::Minutes(1)));
  return ppoll(files, count, &span, nullptr) > 0;
}

absl::StatusOr<Row> ReadRow(const PGresult* answer, int row, const std::vector<TypeId>& types) {
  std::vector<Value> values;
  values.reserve(types.size());
  for (size_t i = 0; i < types.size(); ++i) {
    const int column = static_cast<int>(i);
    if (PQgetisnull(answer, row, column)) {
      values.emplace_back();
      continue;
    }
    const std::string_view data(PQgetvalue(answer, row, column),
                                static_cast<size_t>(PQgetlength(answer, row, column)));
    ASSIGN_OR_RETURN(values.emplace_back(), Decode(types[i], data));
  }
  return Row(std::move(values));
}

absl::StatusOr<Result> ReadResult(PGresult* answer) {
  Result result;
  std::vector<TypeId> types(static_cast<size_t>(PQnfields(answer)));
  for (size_t i = 0; i < types.size(); ++i) types[i] = PQftype(answer, static_cast<int>(i));
  const int rows = PQntuples(answer);
  result.rows.reserve(static_cast<size_t>(rows));
  for (int i = 0; i < rows; ++i) {
    ASSIGN_OR_RETURN(result.rows.emplace_back(), ReadRow(answer, i, types));
  }
  result.affected = std::strtoll(PQcmdTuples(answer), nullptr, 10);
  return result;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Connection>> Connection::Open(const SessionOptions& options, Clock& clock,
                                                             absl::Duration deadline) {
  ASSIGN_OR_RETURN(PGconn* const raw, StartSession(options));
  std::unique_ptr<Connection> connection(new Connection(raw, clock));
  PQsetNoticeProcessor(
      raw, [](void*, const char*) {}, nullptr);
  RETURN_IF_ERROR(ExplainRefusal(options, connection->AwaitConnected(deadline)));
  if (PQsetnonblocking(raw, 1) != 0 || PQenterPipelineMode(raw) != 1) return connection->Lost();
  return connection;
}

Connection::~Connection() { PQfinish(connection_); }

int Connection::server_process() const { return connection_ == nullptr ? 0 : PQbackendPID(connection_); }

absl::Status Connection::AwaitConnected(absl::Duration deadline) {
  PostgresPollingStatusType wanted =
      PQstatus(connection_) == CONNECTION_BAD ? PGRES_POLLING_FAILED : PGRES_POLLING_WRITING;
  while (wanted != PGRES_POLLING_OK) {
    if (wanted == PGRES_POLLING_FAILED) return Lost();
    const absl::Duration left = deadline - clock_.Steady();
    if (left <= absl::ZeroDuration()) {
      Lost().IgnoreError();
      return absl::DeadlineExceededError("the store did not take a connection before the deadline");
    }
    pollfd file{PQsocket(connection_), static_cast<short>(wanted == PGRES_POLLING_READING ? POLLIN : POLLOUT),
                0};
    if (Poll(&file, 1, left)) wanted = PQconnectPoll(connection_);
  }
  return absl::OkStatus();
}

absl::Status Connection::Add(std::string_view sql, const std::vector<Value>& params, Slot slot) {
  RETURN_IF_ERROR(CheckValues(params));
  ASSIGN_OR_RETURN(Prepared * prepared, Find(sql));
  if (!prepared->statement.columns.empty()) return WrongSql("{rows: …} is for ExecuteMany", sql);
  Parameters parameters;
  for (const Value& value : params) {
    parameters.types.push_back(TypeOf(value));
    Encode(value, parameters.bytes);
    const bool null = std::holds_alternative<std::monostate>(value);
    parameters.ends.push_back(null ? -1 : static_cast<int64_t>(parameters.bytes.size()));
  }
  return Send(*prepared, parameters, std::move(slot), true);
}

absl::Status Connection::AddOptional(std::string_view sql, const std::vector<Value>& params) {
  RETURN_IF_ERROR(Add(sql, params));
  pending_.back().optional = true;
  return absl::OkStatus();
}

absl::Status Connection::AddMany(std::string_view sql, const std::vector<Row>& rows, Slot slot) {
  ASSIGN_OR_RETURN(Prepared * prepared, Find(sql));
  const std::vector<RowsColumn>& columns = prepared->statement.columns;
  if (columns.empty()) return WrongSql("ExecuteMany needs {rows: …}", sql);
  RETURN_IF_ERROR(CheckRows(columns, rows));
  Parameters parameters;
  for (size_t i = 0; i < columns.size(); ++i) {
    parameters.types.push_back(ArrayTypeOf(columns[i].type));
    EncodeColumn(columns[i].type, rows, i, parameters.bytes);
    parameters.ends.push_back(static_cast<int64_t>(parameters.bytes.size()));
  }
  return Send(*prepared, parameters, std::move(slot), rows.size() < kPlannedAnew);
}

absl::StatusOr<Connection::Prepared*> Connection::Find(std::string_view sql) {
  if (const auto found = prepared_.find(sql); found != prepared_.end()) return &found->second;
  ASSIGN_OR_RETURN(Statement statement, Expand(Engine::kPostgres, sql));
  if (prepared_.size() >= kMostPrepared) {
    prepared_.clear();
    RETURN_IF_ERROR(AddPlain("DEALLOCATE ALL"));
  }
  return &prepared_.emplace(sql, Prepared{std::move(statement), {}}).first->second;
}

std::shared_ptr<Connection::Variant> Connection::Choose(Prepared& prepared,
                                                        const std::vector<TypeId>& types) {
  std::vector<TypeId> wanted = types;
  for (const auto& variant : prepared.variants) {
    if (variant->types.size() != types.size()) continue;
    bool fits = true;
    for (size_t i = 0; i < types.size(); ++i) {
      fits = fits && (types[i] == kUnknownType || types[i] == variant->types[i]);
      // A NULL takes the type of an earlier value, so that few variants arise.
      if (wanted[i] == kUnknownType) wanted[i] = variant->types[i];
    }
    if (fits) return variant;
  }
  prepared.variants.push_back(std::make_shared<Variant>(
      Variant{fmt::format("s{}", ++names_), prepared.statement.text, std::move(wanted)}));
  return prepared.variants.back();
}

absl::Status Connection::Send(Prepared& prepared, const Parameters& parameters, Slot slot, bool keep_plan) {
  if (lost_) return Lost();
  std::shared_ptr<Variant> variant = Choose(prepared, parameters.types);
  const int count = static_cast<int>(parameters.types.size());
  const bool reused = variant->prepared;
  if (keep_plan && !reused) {
    if (PQsendPrepare(connection_, variant->name.c_str(), variant->sql.c_str(), count,
                      variant->types.data()) != 1) {
      return Lost();
    }
    variant->prepared = true;
    pending_.push_back({Pending::kPrepare, variant});
  }
  std::vector<const char*> values(parameters.types.size());
  std::vector<int> lengths(parameters.types.size()), formats(parameters.types.size(), 1);
  int64_t start = 0;
  for (size_t i = 0; i < values.size(); ++i) {
    if (parameters.ends[i] < 0) continue;
    values[i] = parameters.bytes.data() + start;
    lengths[i] = static_cast<int>(parameters.ends[i] - start);
    start = parameters.ends[i];
  }
  const int sent = keep_plan
                       ? PQsendQueryPrepared(connection_, variant->name.c_str(), count, values.data(),
                                             lengths.data(), formats.data(), 1)
                       : PQsendQueryParams(connection_, variant->sql.c_str(), count, variant->types.data(),
                                           values.data(), lengths.data(), formats.data(), 1);
  if (sent != 1) return Lost();
  added_bytes_ += parameters.bytes.size();
  pending_.push_back({Pending::kExecute, std::move(variant), keep_plan && reused, std::move(slot)});
  return absl::OkStatus();
}

absl::Status Connection::AddPlain(const char* sql, Slot slot) {
  if (lost_ || PQsendQueryParams(connection_, sql, 0, nullptr, nullptr, nullptr, nullptr, 1) != 1)
    return Lost();
  pending_.push_back({Pending::kExecute, nullptr, false, std::move(slot)});
  return absl::OkStatus();
}

absl::Status Connection::Run(absl::Duration deadline) {
  sqlstate_.clear();
  RunUnanswered();
  absl::Status error;
  int strays = 0;
  while (!lost_ && !pending_.empty()) {
    if (PQisBusy(connection_)) {
      RETURN_IF_ERROR(AwaitSocket(deadline));
      continue;
    }
    const OwnedAnswer answer(PQgetResult(connection_), &PQclear);
    Pending& pending = pending_.front();
    if (answer == nullptr) {
      // The end of one statement's answers.
      if (pending.answered) {
        pending_.pop_front();
      } else if (PQstatus(connection_) == CONNECTION_BAD || ++strays > 2) {
        return Lost();
      }
    } else if (pending.kind == Pending::kSync) {
      pending_.pop_front();
      if (pending_.empty()) break;
      // That was the end of a batch nobody waited for.
      error = absl::OkStatus();
    } else {
      strays = 0;
      pending.answered = true;
      const bool optional = pending.optional;
      const absl::Status noted = NoteAnswer(answer.get(), pending);
      if (error.ok() && (!optional || lost_)) error = noted;
    }
  }
  if (!error.ok()) return error;
  return lost_ ? Lost() : absl::OkStatus();
}

void Connection::RunUnanswered() {
  if (lost_) return;
  if (PQpipelineSync(connection_) != 1) {
    Lost().IgnoreError();
    return;
  }
  pending_.push_back({Pending::kSync, nullptr});
  added_bytes_ = 0;
  const int flushed = PQflush(connection_);
  unsent_ = flushed == 1;
  if (flushed < 0) Lost().IgnoreError();
}

absl::Status Connection::AwaitSocket(absl::Duration deadline) {
  const absl::Duration left = deadline - clock_.Steady();
  if (left <= absl::ZeroDuration()) {
    // The server notices the closed session within its client_connection_check_interval and undoes its
    // transaction. PQcancel would connect anew and wait for that without a limit.
    Lost().IgnoreError();
    return absl::DeadlineExceededError("the store did not answer before the deadline");
  }
  pollfd file{PQsocket(connection_), static_cast<short>(unsent_ ? POLLIN | POLLOUT : POLLIN), 0};
  if (!Poll(&file, 1, left)) return absl::OkStatus();
  if ((file.revents & ~POLLOUT) != 0 && PQconsumeInput(connection_) != 1) return Lost();
  if (unsent_) {
    const int flushed = PQflush(connection_);
    unsent_ = flushed == 1;
    if (flushed < 0) return Lost();
  }
  return absl::OkStatus();
}

absl::Status Connection::NoteAnswer(pg_result* answer, const Pending& pending) {
  switch (PQresultStatus(answer)) {
    case PGRES_COMMAND_OK:
    case PGRES_TUPLES_OK: {
      // Nobody else holds the slot: nobody will read it.
      if (pending.slot == nullptr || pending.slot.use_count() == 1) return absl::OkStatus();
      ASSIGN_OR_RETURN(*pending.slot, ReadResult(answer));
      return absl::OkStatus();
    }
    case PGRES_PIPELINE_ABORTED:
      if (pending.kind == Pending::kPrepare) pending.variant->prepared = false;
      // The statement before it says why.
      return absl::OkStatus();
    default:
      return NoteError(answer, pending);
  }
}

absl::Status Connection::NoteError(pg_result* answer, const Pending& pending) {
  const auto field = [&](int code) -> std::string_view {
    const char* text = PQresultErrorField(answer, code);
    return text == nullptr ? "" : text;
  };
  sqlstate_ = field(PG_DIAG_SQLSTATE);
  const std::string_view severity = field(PG_DIAG_SEVERITY_NONLOCALIZED);
  if (PQstatus(connection_) == CONNECTION_BAD || severity == "FATAL" || severity == "PANIC") {
    return Lost(field(PG_DIAG_MESSAGE_PRIMARY));
  }
  if (pending.kind == Pending::kPrepare) pending.variant->prepared = false;
  if (pending.reused && (sqlstate_ == "0A000" || sqlstate_ == "26000")) {
    // A migration changed the columns under a prepared statement, or a pooler gave it away.
    prepared_.clear();
    return absl::AbortedError(field(PG_DIAG_MESSAGE_PRIMARY).data());
  }
  return ErrorOf(sqlstate_, field(PG_DIAG_MESSAGE_PRIMARY),
                 pending.variant == nullptr ? "" : pending.variant->sql);
}

bool Connection::Usable() {
  // What can be read now is a notice, or the end.
  for (int tries = 0; !lost_ && tries < 3; ++tries) {
    pollfd file{PQsocket(connection_), POLLIN, 0};
    if (!Poll(&file, 1, absl::ZeroDuration())) return true;
    if (PQconsumeInput(connection_) != 1 || PQstatus(connection_) == CONNECTION_BAD) Lost().IgnoreError();
  }
  return !lost_;
}

absl::StatusOr<std::vector<std::string>> Connection::AwaitNotifications(int wake_file, absl::Duration limit) {
  if (lost_) return Lost();
  pollfd files[] = {{PQsocket(connection_), POLLIN, 0}, {wake_file, POLLIN, 0}};
  std::vector<std::string> payloads;
  if (Poll(files, 2, limit) && files[0].revents != 0 && PQconsumeInput(connection_) != 1) return Lost();
  while (PGnotify* notification = PQnotifies(connection_)) {
    payloads.emplace_back(notification->extra);
    PQfreemem(notification);
  }
  return payloads;
}

absl::Status Connection::Lost(std::string_view why) {
  if (!lost_) {
    lost_ = true;
    reason_ = OneLine(why.empty() ? PQerrorMessage(connection_) : why);
    PQfinish(connection_);
    connection_ = nullptr;
    pending_.clear();
  }
  return absl::UnavailableError(fmt::format("the connection to the store was lost: {}", reason_));
}

}  // namespace finalmile::storage::postgres
