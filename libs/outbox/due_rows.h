#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/base/clock.h"
#include "libs/base/status.h"
#include "libs/outbox/due_task.h"
#include "libs/storage/table.h"

namespace finalmile::outbox {

// A DueTask over the rows of a table that has a column due_time (storage::Table::DueKeys). Record has `id`,
// the key of its table: a std::string or a StrongId.
template <class Record>
class DueRowsTask : public DueTask {
 public:
  // `most`: rows in one transaction, see ChunkSize. The references outlive the task.
  DueRowsTask(Clock& clock, const storage::Table<Record>& table, int most)
      : DueTask(clock, most), table_(table) {}

 protected:
  using Id = decltype(Record::id);

  // Does what is due of the rows with these ids, some at least, as of `now`: locks them, for they may have
  // changed, and gives each a later due_time or none. The function is run again after a conflict.
  virtual absl::Status Visit(storage::Transaction& transaction, const std::vector<Id>& ids,
                             absl::Time now) = 0;

 private:
  absl::StatusOr<absl::Time> RunDue(storage::Transaction& transaction, absl::Time now, int rows) final {
    ASSIGN_OR_RETURN(const std::vector<Id> due, table_.template DueKeys<Id>(transaction, now, rows));
    if (!due.empty()) RETURN_IF_ERROR(Visit(transaction, due, now));
    return table_.NextDue(transaction);
  }

  const storage::Table<Record>& table_;
};

}  // namespace finalmile::outbox
