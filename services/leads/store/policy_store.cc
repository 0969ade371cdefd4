#include "services/leads/store/policy_store.h"

#include <fmt/format.h>

#include "libs/base/clock.h"
#include "libs/base/status.h"
#include "libs/storage/table.h"

namespace finalmile::leads::store {
namespace {

const storage::Table<PolicyRow> kPolicies("policies", {"number"},
                                          {{"number", &PolicyRow::number},
                                           {"name", &PolicyRow::name},
                                           {"content", storage::kAsBytes, &PolicyRow::content},
                                           {"publish_time", &PolicyRow::publish_time}});

// The first row that the end of a SELECT, `clauses`, lets through.
absl::StatusOr<std::optional<PolicyRow>> ReadOne(storage::Transaction& transaction, std::string_view clauses,
                                                 storage::Value value) {
  ASSIGN_OR_RETURN(
      const storage::Result result,
      transaction.Execute(fmt::format("{} {}", kPolicies.select(), clauses), {std::move(value)}));
  if (result.rows.empty()) return std::nullopt;
  return kPolicies.RecordOf(result.rows.front());
}

}  // namespace

absl::StatusOr<int64_t> PolicyInForce(storage::Transaction& transaction) {
  ASSIGN_OR_RETURN(const storage::Deferred read, DeferPolicyInForce(transaction));
  RETURN_IF_ERROR(transaction.Settle());
  return PolicyInForceOf(*read);
}

absl::StatusOr<storage::Deferred> DeferPolicyInForce(storage::Transaction& transaction) {
  return transaction.Defer("SELECT COALESCE(MAX(number), 0) FROM policies");
}

int64_t PolicyInForceOf(const storage::Result& read) { return read.rows.front().Int(0); }

absl::StatusOr<std::optional<PolicyRow>> PolicyByNumber(storage::Transaction& transaction, int64_t number) {
  return ReadOne(transaction, "WHERE number = $1", number);
}

absl::StatusOr<std::optional<PolicyRow>> PolicyByName(storage::Transaction& transaction,
                                                      std::string_view name) {
  return ReadOne(transaction, "WHERE name = $1", std::string(name));
}

absl::StatusOr<std::optional<PolicyRow>> PolicyAt(storage::Transaction& transaction, absl::Time time) {
  // Publications are few: the table is read whole rather than indexed by time.
  return ReadOne(transaction, R"sql(
ORDER BY
  CASE WHEN publish_time <= $1 THEN 0 ELSE 1 END,
  CASE WHEN publish_time <= $1 THEN -number ELSE number END
LIMIT 1)sql",
                 ToMicros(time));
}

absl::StatusOr<std::vector<PolicyRow>> ListPolicies(storage::Transaction& transaction, int64_t before,
                                                    int limit) {
  static const std::string sql =
      fmt::format("{} WHERE number < $1 ORDER BY number DESC LIMIT $2", kPolicies.select());
  ASSIGN_OR_RETURN(const storage::Result result, transaction.Execute(sql, {before, int64_t{limit}}));
  return kPolicies.Records(result);
}

absl::Status InsertPolicy(storage::Transaction& transaction, PolicyRow& row) {
  ASSIGN_OR_RETURN(row.number, PolicyInForce(transaction));
  ++row.number;
  const PolicyRow* rows[] = {&row};
  RETURN_IF_ERROR(kPolicies.Insert(transaction, rows));
  return transaction.Settle();
}

}  // namespace finalmile::leads::store
