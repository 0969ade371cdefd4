#include "libs/outbox/consumer_group.h"

namespace finalmile::outbox {

ConsumerGroup::ConsumerGroup(const ConsumerOptions& options, int members, storage::Database& database,
                             events::EventLog& log, Clock& clock, Log& logger, Handler& handler,
                             Tracer* tracer) {
  if (database.engine() == storage::Engine::kSqlite) members = 1;
  for (int i = 0; i < members; ++i) {
    members_.push_back(std::make_unique<Consumer>(options, database, log, clock, logger, handler, tracer));
  }
}

ConsumerStats ConsumerGroup::stats() const {
  ConsumerStats sum;
  for (const auto& member : members_) {
    const ConsumerStats stats = member->stats();
    sum.records += stats.records;
    sum.batches += stats.batches;
    sum.parked += stats.parked;
    sum.duplicates += stats.duplicates;
    sum.skipped_offsets += stats.skipped_offsets;
    sum.fenced += stats.fenced;
    sum.rebalances += stats.rebalances;
    sum.truncated += stats.truncated;
    if (stats.held > sum.held) {
      sum.held = stats.held;
      sum.held_reason = stats.held_reason;
    }
  }
  return sum;
}

}  // namespace finalmile::outbox
