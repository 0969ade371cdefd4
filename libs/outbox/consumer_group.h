#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "libs/outbox/consumer.h"

namespace finalmile::outbox {

// The members of a consumer group that run in one process. Each owns some of the partitions; while one waits
// for its commit, another decodes and computes.
class ConsumerGroup {
 public:
  // One member on SQLite, which has one writer; otherwise `members`. The references outlive the group;
  // `handler` is used by all members at once. `tracer` as for Consumer.
  ConsumerGroup(const ConsumerOptions& options, int members, storage::Database& database,
                events::EventLog& log, Clock& clock, Log& logger, Handler& handler, Tracer* tracer = nullptr);

  std::string_view name() const { return members_.front()->name(); }
  const std::vector<std::string>& topics() const { return members_.front()->topics(); }
  // At least one. Each is a Step of its own; any of them retries and skips records of the whole group.
  const std::vector<std::unique_ptr<Consumer>>& members() const { return members_; }
  // The sums over all members. Thread-safe.
  ConsumerStats stats() const;

 private:
  std::vector<std::unique_ptr<Consumer>> members_;
};

}  // namespace finalmile::outbox
