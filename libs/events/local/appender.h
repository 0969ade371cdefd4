#pragma once

#include <deque>
#include <memory>
#include <mutex>
#include <vector>

#include "libs/events/event_log.h"
#include "libs/events/local/catalog.h"
#include "libs/storage/database.h"

namespace finalmile::events {

// Appends of several threads in one transaction (group commit): the first caller that finds nobody committing
// commits for all who wait, and hands that duty on to one of those who came meanwhile. Thread-safe.
class LocalAppender {
 public:
  LocalAppender(storage::Database& database, Catalog& catalog, Clock& clock)
      : database_(database), catalog_(catalog), clock_(clock) {}

  // See EventLog::Append.
  absl::Status Append(const std::vector<Message>& messages, absl::Duration deadline);

 private:
  struct Call;
  using Calls = std::vector<Call*>;

  absl::StatusOr<std::vector<int64_t>> PartitionsOf(const std::vector<Message>& messages);
  Calls TakeBatch();
  absl::Status Commit(const Calls& batch, absl::Duration deadline);
  void Settle(const Calls& batch, const absl::Status& status);

  storage::Database& database_;
  Catalog& catalog_;
  Clock& clock_;
  std::mutex mutex_;
  std::deque<Call*> waiting_;
  bool committing_ = false;
  int64_t keyless_ = 0;
};

}  // namespace finalmile::events
