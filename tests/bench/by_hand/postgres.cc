#include "tests/bench/by_hand/postgres.h"

#include <libpq-fe.h>

#include <cstdlib>

#include "tests/bench/by_hand/producer.h"

namespace finalmile::bench::by_hand {
namespace {

Oid ArrayOf(Type type) {
  switch (type) {
    case Type::kBool:
      return 1000;
    case Type::kBytea:
      return 1001;
    case Type::kBigint:
      return 1016;
    case Type::kText:
      return 1009;
    case Type::kDouble:
      return 1022;
  }
  Fail("there is no such type");
}

}  // namespace

Rows::Rows(const Statement& statement) : statement_(statement) {
  for (const Type type : statement.types) {
    // As array_recv reads it: dimensions, whether NULLs occur, type, how many, the first one's number.
    std::string& header = columns_.emplace_back();
    for (const uint32_t word : {1U, 0U, static_cast<uint32_t>(type), 0U, 1U}) Big(word, 4, header);
  }
}

const std::vector<std::string>& Rows::Arrays() {
  std::string count;
  Big(count_, 4, count);
  for (std::string& column : columns_) column.replace(12, 4, count);
  return columns_;
}

Session::Session(const std::string& url) : connection_(PQconnectdb((url + "&connect_timeout=10").c_str())) {
  if (PQstatus(connection_) != CONNECTION_OK) Fail(PQerrorMessage(connection_));
  // Planned once, by the indexes: that is right for few rows and for many, and for an outbox full of dead
  // ones.
  Query("SET statement_timeout = '60s'; SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off");
}

void Session::Prepare(const std::vector<const Statement*>& statements) {
  if (PQenterPipelineMode(connection_) != 1) Fail(PQerrorMessage(connection_));
  PQsendPrepare(connection_, "begin", "BEGIN", 0, nullptr);
  PQsendPrepare(connection_, "commit", "COMMIT", 0, nullptr);
  for (const Statement* statement : statements) {
    std::vector<Oid> types;
    for (const Type type : statement->types) types.push_back(ArrayOf(type));
    PQsendPrepare(connection_, statement->name, statement->sql, static_cast<int>(types.size()), types.data());
  }
  Finish();
}

Session::~Session() { PQfinish(connection_); }

Session::Result Session::Query(const std::string& sql) {
  Result result(PQexec(connection_, sql.c_str()), &PQclear);
  const ExecStatusType status = PQresultStatus(result.get());
  if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) Fail(PQerrorMessage(connection_));
  return result;
}

std::vector<int64_t> Session::Commit(const std::vector<Rows*>& batch) {
  Send("begin", {});
  for (Rows* rows : batch) {
    if (!rows->empty()) Send(rows->statement().name, rows->Arrays());
  }
  Send("commit", {});
  return Finish();
}

void Session::Send(const char* name, const std::vector<std::string>& parameters) {
  std::vector<const char*> values;
  std::vector<int> lengths;
  for (const std::string& parameter : parameters) {
    values.push_back(parameter.data());
    lengths.push_back(static_cast<int>(parameter.size()));
  }
  const std::vector<int> binary(parameters.size(), 1);
  if (PQsendQueryPrepared(connection_, name, static_cast<int>(values.size()), values.data(), lengths.data(),
                          binary.data(), 0) != 1) {
    Fail(PQerrorMessage(connection_));
  }
}

std::vector<int64_t> Session::Finish() {
  if (PQpipelineSync(connection_) != 1) Fail(PQerrorMessage(connection_));
  std::vector<int64_t> returned;
  for (;;) {
    const Result result(PQgetResult(connection_), &PQclear);
    if (!result) continue;  // the end of one statement's answers
    switch (PQresultStatus(result.get())) {
      case PGRES_PIPELINE_SYNC:
        return returned;
      case PGRES_COMMAND_OK:
        break;
      case PGRES_TUPLES_OK:
        for (int i = 0; i < PQntuples(result.get()); ++i)
          returned.push_back(std::atoll(PQgetvalue(result.get(), i, 0)));
        break;
      default:
        Fail(PQresultErrorMessage(result.get()));
    }
  }
}

}  // namespace finalmile::bench::by_hand
