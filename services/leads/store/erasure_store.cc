#include "services/leads/store/erasure_store.h"

#include "libs/base/clock.h"
#include "libs/base/status.h"
#include "libs/storage/columns.h"

namespace finalmile::leads::store {

absl::Status KeepErased(storage::Transaction& transaction, const std::vector<std::string>& digests,
                        absl::Time time) {
  std::vector<storage::Row> rows;
  for (const std::string& digest : digests)
    rows.emplace_back(std::vector<storage::Value>{digest, ToMicros(time)});
  return transaction
      .DeferMany(R"sql(
INSERT INTO erased_identities (digest, erase_time)
SELECT r.* FROM {rows: digest TEXT, erase_time BIGINT} AS r
WHERE TRUE
ON CONFLICT (digest) DO NOTHING)sql",
                 rows)
      .status();
}

absl::StatusOr<std::set<std::string>> ErasedAmong(storage::Transaction& transaction,
                                                  const std::vector<std::string>& digests) {
  ASSIGN_OR_RETURN(const std::vector<std::string> found,
                   storage::FirstTexts(transaction.ExecuteMany(R"sql(
SELECT e.digest FROM {rows: id TEXT} AS r JOIN erased_identities AS e ON e.digest = r.id)sql",
                                                               storage::IdRows(digests))));
  return std::set<std::string>(found.begin(), found.end());
}

}  // namespace finalmile::leads::store
