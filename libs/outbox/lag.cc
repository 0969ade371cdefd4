#include "libs/outbox/lag.h"

#include <map>
#include <set>
#include <utility>

#include "libs/base/status.h"
#include "libs/storage/transact.h"

namespace finalmile::outbox {

absl::StatusOr<std::vector<Lag>> ReadLags(storage::Database& database, events::EventLog& log,
                                          const std::vector<const ConsumerGroup*>& consumers,
                                          absl::Duration deadline) {
  std::vector<Lag> lags;
  std::set<std::string> topics;
  for (const ConsumerGroup* consumer : consumers) {
    for (const std::string& topic : consumer->topics()) {
      lags.push_back({std::string(consumer->name()), topic});
      topics.insert(topic);
    }
  }
  if (lags.empty()) return lags;
  // By consumer and partition; absent: nothing was consumed.
  std::map<std::pair<std::string, events::Partition>, int64_t> consumed;
  // Before the ends, which only grow.
  ASSIGN_OR_RETURN(
      const storage::Result offsets, storage::Read(database, deadline, [](storage::Transaction& transaction) {
        return transaction.Execute("SELECT consumer, topic, partition, next_offset FROM consumer_offsets");
      }));
  for (const storage::Row& row : offsets.rows)
    consumed[{row.Text(0), {row.Text(1), static_cast<int32_t>(row.Int(2))}}] = row.Int(3);
  ASSIGN_OR_RETURN(const std::vector<events::PartitionOffset> ends,
                   log.EndOffsets({topics.begin(), topics.end()}, deadline));
  for (Lag& lag : lags) {
    for (const auto& [partition, end] : ends) {
      if (partition.topic != lag.topic) continue;
      const auto next = consumed.find({lag.consumer, partition});
      lag.places.push_back({partition.partition, next == consumed.end() ? 0 : next->second, end});
      lag.records += lag.places.back().records();
    }
  }
  return lags;
}

}  // namespace finalmile::outbox
