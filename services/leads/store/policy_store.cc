#include "services/leads/store/policy_store.h"

#include "libs/base/clock.h"
#include "libs/base/status.h"

namespace finalmile::leads::store {
namespace {

PolicyRow FromRow(const storage::Row& row) {
  return {row.Int(0), row.Text(1), row.Blob(2), FromMicros(row.Int(3))};
}

absl::StatusOr<std::optional<PolicyRow>> One(absl::StatusOr<storage::Result> result) {
  if (!result.ok()) return result.status();
  if (result->rows.empty()) return std::nullopt;
  return FromRow(result->rows.front());
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
  return One(transaction.Execute("SELECT number, name, content, publish_time FROM policies WHERE number = $1",
                                 {number}));
}

absl::StatusOr<std::optional<PolicyRow>> PolicyByName(storage::Transaction& transaction,
                                                      std::string_view name) {
  return One(transaction.Execute("SELECT number, name, content, publish_time FROM policies WHERE name = $1",
                                 {std::string(name)}));
}

absl::StatusOr<std::optional<PolicyRow>> PolicyAt(storage::Transaction& transaction, absl::Time time) {
  // Publications are few: the table is read whole rather than indexed by time.
  return One(
      transaction.Execute("SELECT number, name, content, publish_time FROM policies ORDER BY CASE WHEN "
                          "publish_time <= $1 THEN 0 ELSE 1 END, "
                          "CASE WHEN publish_time <= $1 THEN -number ELSE number END LIMIT 1",
                          {ToMicros(time)}));
}

absl::StatusOr<std::vector<PolicyRow>> ListPolicies(storage::Transaction& transaction, int64_t before,
                                                    int limit) {
  ASSIGN_OR_RETURN(storage::Result result,
                   transaction.Execute(
                       "SELECT number, name, content, publish_time FROM policies WHERE number < $1 ORDER BY "
                       "number DESC LIMIT $2",
                       {before, int64_t{limit}}));
  std::vector<PolicyRow> policies;
  for (const storage::Row& row : result.rows) policies.push_back(FromRow(row));
  return policies;
}

absl::Status InsertPolicy(storage::Transaction& transaction, PolicyRow& row) {
  ASSIGN_OR_RETURN(row.number, PolicyInForce(transaction));
  ++row.number;
  return transaction
      .Execute("INSERT INTO policies (number, name, content, publish_time) VALUES ($1, $2, $3, $4)",
               {row.number, row.name, storage::Bytes{row.content}, ToMicros(row.publish_time)})
      .status();
}

}  // namespace finalmile::leads::store
