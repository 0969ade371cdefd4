#include "libs/storage/postgres/error.h"

#include "libs/storage/sql.h"

namespace finalmile::storage::postgres {
namespace {

struct Mapping {
  // A SQLSTATE or the beginning of some; the first that fits counts.
  std::string_view prefix;
  absl::StatusCode code;
};

constexpr Mapping kMappings[] = {
    {"23505", absl::StatusCode::kAlreadyExists},     // unique_violation
    {"23", absl::StatusCode::kFailedPrecondition},   // other constraints
    {"40003", absl::StatusCode::kUnknown},           // statement_completion_unknown
    {"40", absl::StatusCode::kAborted},              // serialization_failure, deadlock_detected
    {"55P03", absl::StatusCode::kAborted},           // lock_not_available
    {"57014", absl::StatusCode::kDeadlineExceeded},  // query_canceled: by a timeout of the server's
    {"57", absl::StatusCode::kUnavailable},     // shutdown, crash, cannot_connect_now, idle_session_timeout
    {"25P03", absl::StatusCode::kUnavailable},  // idle_in_transaction_session_timeout
    {"08P01",
     absl::StatusCode::kInternal},  // protocol_violation: values that do not fit the text's parameters
    {"08", absl::StatusCode::kUnavailable},         // connection exceptions
    {"53300", absl::StatusCode::kUnavailable},      // too_many_connections
    {"53", absl::StatusCode::kResourceExhausted},   // disk_full, out_of_memory
    {"58030", absl::StatusCode::kUnavailable},      // io_error
    {"XX001", absl::StatusCode::kDataLoss},         // data_corrupted
    {"XX002", absl::StatusCode::kDataLoss},         // index_corrupted
    {"22021", absl::StatusCode::kInvalidArgument},  // character_not_in_repertoire: text that is not UTF-8
    {"54000", absl::StatusCode::kInvalidArgument},  // program_limit_exceeded: a value that is too large
};

}  // namespace

absl::Status ErrorOf(std::string_view sqlstate, std::string_view message, std::string_view sql) {
  for (const Mapping& mapping : kMappings) {
    if (sqlstate.substr(0, mapping.prefix.size()) == mapping.prefix) {
      return absl::Status(mapping.code, {message.data(), message.size()});
    }
  }
  return WrongSql(message, sql);
}

bool WasSilent(std::string_view sqlstate) { return sqlstate == "25P03" || sqlstate == "57P05"; }

}  // namespace finalmile::storage::postgres
