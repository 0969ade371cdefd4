#include "libs/storage/postgres/session.h"

#include <fmt/format.h>
#include <libpq-fe.h>

#include <memory>

#include "libs/base/address.h"
#include "libs/base/status.h"

namespace finalmile::storage::postgres {
namespace {

using OwnedOptions = std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)>;

OwnedOptions ParseUrl(const std::string& url) {
  char* error = nullptr;
  OwnedOptions options(PQconninfoParse(url.c_str(), &error), &PQconninfoFree);
  PQfreemem(error);
  return options;
}

// Settings of the server's side of the session: it lets go of what a frozen or vanished client holds. Plans
// are kept, and one made while a table was empty would read it from end to end long after it has grown (until
// its first ANALYZE); so indexes are taken wherever there is one, which for keyed statements is right anyway.
// Planning each time anew would cost more than most statements. For the same reason rows are joined one by
// one, by index: before the first ANALYZE of a table that grows fast, a join on what is nearly unique looks
// as if every key had many rows, and then a hash of the whole table looks cheaper. What must be read whole
// then looks dear enough for JIT, which takes longer than the statement.
std::string ServerSettings(const SessionOptions& options) {
  return fmt::format(
      "-c idle_in_transaction_session_timeout={} -c idle_session_timeout={} -c "
      "client_connection_check_interval=500 -c enable_seqscan=off "
      "-c enable_hashjoin=off -c enable_mergejoin=off -c jit=off "
      "-c tcp_keepalives_idle=5 -c tcp_keepalives_interval=2 -c tcp_keepalives_count=3 -c "
      "tcp_user_timeout=10000",
      absl::ToInt64Milliseconds(options.idle_in_transaction),
      absl::ToInt64Milliseconds(options.idle_session));
}

absl::StatusOr<std::string> ReadPassword(const std::string& path) {
  absl::StatusOr<std::string> password = ReadSecretFile("store: password.file", path);
  // A Secret that is being replaced comes back.
  if (!password.ok()) return absl::UnavailableError(password.status().message());
  return password;
}

}  // namespace

absl::Status CheckUrl(const std::string& url) {
  if (ParseUrl(url) != nullptr) return absl::OkStatus();
  return absl::InvalidArgumentError(
      "the store's postgresql:// URL cannot be read: expected "
      "postgresql://user@host:port/database?key=value");
}

absl::StatusOr<pg_conn*> StartSession(const SessionOptions& options) {
  const OwnedOptions parsed = ParseUrl(options.url);
  std::string settings = ServerSettings(options);
  for (const PQconninfoOption* option = parsed.get(); option != nullptr && option->keyword != nullptr;
       ++option) {
    if (option->keyword == std::string_view("options") && option->val != nullptr)
      settings += fmt::format(" {}", option->val);
  }
  std::string password;
  if (!options.password_file.empty()) {
    ASSIGN_OR_RETURN(password, ReadPassword(options.password_file));
  }
  // What stands before dbname yields to the URL, what stands after it does not. An empty value is none.
  const char* keywords[] = {"keepalives_idle",
                            "keepalives_interval",
                            "keepalives_count",
                            "tcp_user_timeout",
                            "gssencmode",
                            "dbname",
                            "password",
                            "application_name",
                            "client_encoding",
                            "options",
                            nullptr};
  const char* values[] = {"5",
                          "2",
                          "3",
                          "10000",
                          "disable",
                          options.url.c_str(),
                          password.c_str(),
                          options.application.c_str(),
                          "UTF8",
                          settings.c_str(),
                          nullptr};
  PGconn* const session = PQconnectStartParams(keywords, values, 1);
  if (session == nullptr) return absl::ResourceExhaustedError("no memory for a connection");
  return session;
}

absl::Status ExplainRefusal(const SessionOptions& options, const absl::Status& status) {
  const std::string message(status.message());
  if (message.find("unsupported startup parameter") != std::string::npos) {
    return absl::FailedPreconditionError(fmt::format(
        "store: a pooler answers in PostgreSQL's place and refuses what a session needs: give the "
        "address of PostgreSQL itself ({})",
        message));
  }
  if (!options.password_file.empty() && message.find("authentication failed") != std::string::npos) {
    return absl::Status(status.code(),
                        fmt::format("{} (store: password.file: {})", message, options.password_file));
  }
  return status;
}

}  // namespace finalmile::storage::postgres
