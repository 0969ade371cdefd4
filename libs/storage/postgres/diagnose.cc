#include "libs/storage/postgres/diagnose.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "libs/base/address.h"
#include "libs/base/status.h"
#include "libs/storage/database.h"
#include "libs/storage/sql.h"

namespace finalmile::storage::postgres {
namespace {

constexpr int64_t kLeastVersion = 130000;
// Beyond it the times that services compare, of theirs and of the server, differ visibly.
constexpr absl::Duration kMostSkew = absl::Seconds(1);
// Tables that one line names.
constexpr size_t kMostNamed = 4;

// Who answers.
struct Peer {
  std::string version;
  int64_t version_number = 0;
  std::string role;
  // The same, as SQL text names it.
  std::string quoted_role;
  // Empty: the role may use none.
  std::string schema;
  // No network is between.
  bool local = false;
  // "TLSv1.3"; empty: none.
  std::string encryption;
  bool standby = false;
};

// Asks the questions and keeps the findings.
class Examination {
 public:
  Examination(Database& database, Clock& clock, absl::Duration patience, StoreDiagnosis& diagnosis)
      : database_(database), clock_(clock), patience_(patience), diagnosis_(diagnosis) {}

  absl::StatusOr<std::vector<Row>> Ask(const char* sql) {
    std::vector<Row> rows;
    RETURN_IF_ERROR(database_.Transact({.deadline = clock_.Steady() + patience_, .read_only = true},
                                       [&](Transaction& transaction) -> absl::Status {
                                         ASSIGN_OR_RETURN(Result result, transaction.Execute(sql));
                                         rows = std::move(result.rows);
                                         return absl::OkStatus();
                                       }));
    return rows;
  }

  void Add(Verdict verdict, std::string_view check, std::string text, std::string advice = {}) {
    diagnosis_.findings.push_back({verdict, std::string(check), std::move(text), std::move(advice)});
  }
  void Add(std::string_view check, const absl::Status& error) {
    Add(VerdictOf(error), check, std::string(error.message()));
  }

  absl::StatusOr<Peer> GetPeer();
  // Whether the schema can be read.
  bool Rights(const Peer& peer, const StoreNeeds& needs);
  void ClockSkew();
  void Sessions();

 private:
  Database& database_;
  Clock& clock_;
  const absl::Duration patience_;
  StoreDiagnosis& diagnosis_;
};

absl::StatusOr<Peer> Examination::GetPeer() {
  ASSIGN_OR_RETURN(
      const std::vector<Row> rows,
      Ask("SELECT current_setting('server_version'), CAST(current_setting('server_version_num') AS BIGINT), "
          "CAST(current_user AS TEXT), quote_ident(current_user), CAST(COALESCE(current_schema(), '') AS "
          "TEXT), "
          "inet_server_addr() IS NULL OR inet_server_addr() <<= '127.0.0.0/8' OR inet_server_addr() = '::1', "
          "COALESCE((SELECT version FROM pg_stat_ssl WHERE pid = pg_backend_pid() AND ssl), ''), "
          "pg_is_in_recovery()"));
  const Row& row = rows.at(0);
  Peer peer{.version = row.Text(0),
            .version_number = row.Int(1),
            .role = row.Text(2),
            .quoted_role = row.Text(3),
            .schema = row.Text(4),
            .local = row.Bool(5),
            .encryption = row.Text(6),
            .standby = row.Bool(7)};
  // "15.8 (Debian 15.8-1)".
  peer.version = peer.version.substr(0, peer.version.find(' '));
  return peer;
}

// The tables that the components' steps make.
std::set<std::string, std::less<>> TablesOf(const StoreNeeds& needs) {
  constexpr std::string_view kMakes = "CREATE TABLE ";
  std::set<std::string, std::less<>> tables;
  for (const StoreNeeds::Component& component : needs.components) {
    for (const Migration& migration : component.migrations) {
      for (const std::string_view statement : SplitStatements(migration.sql)) {
        const size_t at = statement.find(kMakes);
        if (at == std::string_view::npos) continue;
        const std::string_view rest = statement.substr(at + kMakes.size());
        tables.emplace(rest.substr(0, rest.find_first_of(" (\n")));
      }
    }
  }
  return tables;
}

// "cannot INSERT into outbox".
std::string Lack(const std::string& rights, const std::string& tables) {
  if (rights == "INSERT") return fmt::format("cannot INSERT into {}", tables);
  if (rights == "UPDATE") return fmt::format("cannot UPDATE {}", tables);
  if (rights == "SELECT" || rights == "DELETE") return fmt::format("cannot {} from {}", rights, tables);
  return fmt::format("lacks {} on {}", rights, tables);
}

std::string Named(const std::vector<std::string>& names) {
  if (names.size() <= kMostNamed) return fmt::format("{}", fmt::join(names, ", "));
  return fmt::format("{} and {} more", fmt::join(names.begin(), names.begin() + kMostNamed, ", "),
                     names.size() - kMostNamed);
}

bool Examination::Rights(const Peer& peer, const StoreNeeds& needs) {
  if (peer.schema.empty()) {
    Add(Verdict::kFail, "rights", fmt::format("role {} may use no schema of the database", peer.role),
        fmt::format("grant it, as the owner: GRANT USAGE ON SCHEMA public TO {};", peer.quoted_role));
    return false;
  }
  const auto rows = Ask(
      "SELECT c.relname, has_table_privilege(c.oid, 'SELECT'), has_table_privilege(c.oid, 'INSERT'), "
      "has_table_privilege(c.oid, 'UPDATE'), has_table_privilege(c.oid, 'DELETE') FROM pg_class AS c JOIN "
      "pg_namespace AS n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'p') AND n.nspname = "
      "current_schema() ORDER BY c.relname");
  if (!rows.ok()) {
    Add("rights", rows.status());
    return false;
  }
  const auto needed = TablesOf(needs);
  constexpr std::string_view kRights[] = {"SELECT", "INSERT", "UPDATE", "DELETE"};
  // By the rights that they lack, tables.
  std::map<std::string, std::vector<std::string>> lacking;
  bool readable = true;
  size_t tables = 0;
  for (const Row& row : *rows) {
    const std::string& table = row.Text(0);
    const bool record = table == "schema_migrations";
    if (!record && !needed.contains(table)) continue;
    ++tables;
    std::vector<std::string_view> lacks;
    // A service only reads of which version its schema is.
    for (size_t i = 0; i < (record ? 1 : std::size(kRights)); ++i) {
      if (!row.Bool(i + 1)) lacks.push_back(kRights[i]);
    }
    if (record) readable = lacks.empty();
    if (!lacks.empty()) lacking[fmt::format("{}", fmt::join(lacks, ", "))].push_back(table);
  }
  for (const auto& [rights, names] : lacking) {
    const bool many = names.size() > kMostNamed;
    Add(Verdict::kFail, "rights", fmt::format("role {} {}", peer.role, Lack(rights, Named(names))),
        fmt::format("grant it, as the owner of the tables: GRANT {} ON {} TO {};", rights,
                    many ? "ALL TABLES IN SCHEMA " + peer.schema : fmt::format("{}", fmt::join(names, ", ")),
                    peer.quoted_role));
  }
  if (tables == 0) {
    Skip({"rights"}, "there is no table yet", diagnosis_.findings);
  } else if (lacking.empty()) {
    Add(Verdict::kOk, "rights", fmt::format("role {} may read and write {} tables", peer.role, tables));
  }
  return readable;
}

void Examination::ClockSkew() {
  const absl::Time before = clock_.Now();
  const auto rows = Ask("SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT)");
  const absl::Time after = clock_.Now();
  if (!rows.ok()) return Add("clock", rows.status());
  const absl::Time theirs = absl::FromUnixMicros(rows->at(0).Int(0));
  // It was read at some time between.
  const absl::Duration skew = theirs < before  ? theirs - before
                              : theirs > after ? theirs - after
                                               : absl::ZeroDuration();
  const std::string text = skew == absl::ZeroDuration()
                               ? "the server's clock agrees with that of this machine"
                               : fmt::format("the server's clock is {:.1f} s {} that of this machine",
                                             absl::ToDoubleSeconds(absl::AbsDuration(skew)),
                                             skew < absl::ZeroDuration() ? "behind" : "ahead of");
  if (absl::AbsDuration(skew) > kMostSkew) {
    Add(Verdict::kWarn, "clock", text, "set both by NTP: dates of due work and of tokens are compared");
  } else {
    Add(Verdict::kOk, "clock", text);
  }
}

void Examination::Sessions() {
  const auto rows =
      Ask("SELECT CAST(current_setting('max_connections') AS BIGINT) - "
          "CAST(current_setting('superuser_reserved_connections') AS BIGINT) - "
          "COALESCE(CAST(current_setting('reserved_connections', TRUE) AS BIGINT), 0), "
          "CAST(SUM(numbackends) AS BIGINT), "
          "CAST(SUM(numbackends) FILTER (WHERE datname = current_database()) AS BIGINT), "
          "CAST(EXTRACT(EPOCH FROM pg_postmaster_start_time()) * 1000000 AS BIGINT) FROM pg_stat_database");
  if (!rows.ok()) return Add("sessions", rows.status());
  const Row& row = rows->at(0);
  diagnosis_.sessions = {
      .server = std::to_string(row.Int(3)), .most = row.Int(0), .held = row.Int(1), .held_here = row.Int(2)};
}

// Who answered and refused, and who is not there, come as one error.
Verdict VerdictOfReach(const absl::Status& status) {
  const std::string message(status.message());
  const auto has = [&](const char* words) { return message.find(words) != std::string::npos; };
  if (VerdictOf(status) != Verdict::kAway) return Verdict::kFail;
  if (has("is starting up") || has("is shutting down") || has("recovery mode")) return Verdict::kAway;
  return has("FATAL:") || has("certificate") || has("support SSL") || has("password.file") ? Verdict::kFail
                                                                                           : Verdict::kAway;
}

// A connection that never stood was not lost.
std::string WhyUnreached(const absl::Status& status) {
  constexpr std::string_view kLost = "the connection to the store was lost: ";
  const std::string message(status.message());
  return message.starts_with(kLost) ? message.substr(kLost.size()) : message;
}

std::string AdviceFor(const absl::Status& status) {
  const std::string message(status.message());
  const auto has = [&](const char* words) { return message.find(words) != std::string::npos; };
  if (has("too many") || has("remaining connection slots"))
    return "raise max_connections of PostgreSQL, or lower `threads` or the number of replicas";
  if (has("authentication failed") || has("no password supplied"))
    return "the file must hold the role's password: ALTER ROLE … PASSWORD, or mend the file";
  if (has("certificate"))
    return "sslrootcert must name the certificate of the authority that signed the server's";
  if (has("does not exist") && has("database")) return "make the database: deploy/kubernetes/roles.sql does";
  if (has("permission denied for database"))
    return "name the database of this service, or GRANT CONNECT ON DATABASE … TO the role";
  return "";
}

// Over what the service talks to it.
void AddReach(const Peer& peer, std::string_view url, Examination& examination) {
  const std::string who =
      fmt::format("{} answers as role {}, PostgreSQL {}", ShownAddress(url), peer.role, peer.version);
  if (peer.local && peer.encryption.empty())
    return examination.Add(Verdict::kOk, "reach", who + ", on this machine");
  std::string mode = "prefer";
  if (const auto parameters = ParametersOf(url); parameters.ok()) {
    for (const auto& [name, value] : *parameters) {
      if (name == "sslmode") mode = value;
    }
  }
  const std::string advice = "give sslmode=verify-full and sslrootcert= in the address";
  if (peer.encryption.empty()) {
    examination.Add(Verdict::kWarn, "reach", who + ", not encrypted", advice);
  } else if (!mode.starts_with("verify-")) {
    examination.Add(
        Verdict::kWarn, "reach",
        fmt::format("{}, {}, and its certificate is not checked (sslmode is {})", who, peer.encryption, mode),
        advice);
  } else {
    examination.Add(Verdict::kOk, "reach", fmt::format("{}, {}, {}", who, peer.encryption, mode));
  }
}

}  // namespace

StoreDiagnosis Diagnose(std::string_view url, Clock& clock, const StoreNeeds& needs,
                        absl::Duration patience) {
  static const std::vector<std::string_view> kInside = {"version", "rights", "schema", "clock", "sessions"};
  constexpr const char* kUnreached = "the store was not reached";
  StoreDiagnosis diagnosis;
  std::vector<Finding>& findings = diagnosis.findings;
  const auto database = Open(url, clock, {.connections = 1, .application = "finalmile-doctor"});
  const absl::Status reached =
      database.ok() ? (*database)->CheckSessions(clock.Steady() + patience) : database.status();
  const bool pooled = database.ok() && absl::IsFailedPrecondition(reached);
  if (!reached.ok()) {
    if (pooled) {
      findings.push_back({Verdict::kFail, "pooler", std::string(reached.message())});
    } else {
      findings.push_back({VerdictOfReach(reached), "reach", WhyUnreached(reached), AdviceFor(reached)});
      Skip({"pooler"}, kUnreached, findings);
    }
    Skip(kInside, pooled ? "what a pooler answers says little of the server" : kUnreached, findings);
    return diagnosis;
  }
  Examination examination(**database, clock, patience, diagnosis);
  const absl::StatusOr<Peer> peer = examination.GetPeer();
  if (!peer.ok()) {
    examination.Add("reach", peer.status());
    Skip(kInside, "the store does not say who it is", findings);
    return diagnosis;
  }
  AddReach(*peer, url, examination);
  examination.Add(Verdict::kOk, "pooler", "no pooler in transaction mode is between");
  if (peer->version_number < kLeastVersion) {
    examination.Add(Verdict::kFail, "version", fmt::format("PostgreSQL {} is too old", peer->version),
                    "run 13 or later");
  } else if (peer->standby) {
    examination.Add(Verdict::kFail, "version", "the server is a standby, where nothing can be written",
                    "give the address of the primary");
  } else {
    examination.Add(Verdict::kOk, "version", fmt::format("version {}, of at least 13", peer->version));
  }
  if (examination.Rights(*peer, needs)) {
    DiagnoseSchema(**database, clock, needs, patience, findings);
  } else {
    Skip({"schema"}, "the role may not read it", findings);
  }
  examination.ClockSkew();
  examination.Sessions();
  return diagnosis;
}

}  // namespace finalmile::storage::postgres
