#include "libs/testing/rerunning_database.h"

#include "libs/base/status.h"

namespace finalmile::testing {

absl::Status RerunningDatabase::Transact(const storage::TransactOptions& options,
                                         const storage::TransactionFunction& function) {
  bool succeeded = false;
  const absl::Status first = inner_.Transact(options, [&](storage::Transaction& transaction) -> absl::Status {
    RETURN_IF_ERROR(function(transaction));
    RETURN_IF_ERROR(transaction.Settle());
    succeeded = true;
    return absl::CancelledError("rolled back to be run again");
  });
  return succeeded ? inner_.Transact(options, function) : first;
}

}  // namespace finalmile::testing
