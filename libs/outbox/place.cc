#include "libs/outbox/place.h"

#include <fmt/format.h>

#include <algorithm>

#include "libs/base/status.h"

namespace finalmile::outbox {
namespace {

absl::StatusOr<int64_t> OffsetOf(const absl::StatusOr<std::vector<events::PartitionOffset>>& offsets,
                                 const events::Partition& partition) {
  RETURN_IF_ERROR(offsets.status());
  for (const auto& [other, offset] : *offsets) {
    if (other == partition) return offset;
  }
  return absl::NotFoundError(
      fmt::format("topic {} has no partition {}", partition.topic, partition.partition));
}

}  // namespace

absl::StatusOr<Moved> MovePlace(storage::Database& database, events::EventLog& log,
                                const ConsumerGroup& consumer, const events::Partition& partition,
                                const NewPlace& place, bool dry_run, absl::Duration deadline) {
  const auto& topics = consumer.topics();
  if (std::find(topics.begin(), topics.end(), partition.topic) == topics.end()) {
    return absl::NotFoundError(
        fmt::format("{} does not read the topic {}", consumer.name(), partition.topic));
  }
  Moved moved;
  ASSIGN_OR_RETURN(moved.start, OffsetOf(log.StartOffsets({partition.topic}, deadline), partition));
  ASSIGN_OR_RETURN(moved.end, OffsetOf(log.EndOffsets({partition.topic}, deadline), partition));
  if (const auto* edge = std::get_if<PlaceEdge>(&place)) {
    moved.offset = *edge == PlaceEdge::kEarliest ? moved.start : moved.end;
  } else {
    moved.offset = std::get<int64_t>(place);
  }
  if (moved.offset < moved.start || moved.offset > moved.end) {
    return absl::InvalidArgumentError(
        fmt::format("must be from {} to {}, which the partition holds", moved.start, moved.end));
  }
  const std::string name(consumer.name());
  RETURN_IF_ERROR(database.Transact(
      {.deadline = deadline, .read_only = dry_run}, [&](storage::Transaction& transaction) -> absl::Status {
        const std::vector<storage::Value> row = {name, partition.topic, int64_t{partition.partition}};
        ASSIGN_OR_RETURN(const storage::Result before,
                         transaction.Execute(
                             fmt::format("SELECT next_offset FROM consumer_offsets WHERE consumer = $1 AND "
                                         "topic = $2 AND partition = $3{}",
                                         dry_run ? "" : " {for_update}"),
                             row));
        moved.previous = before.rows.empty() ? 0 : before.rows.front().Int(0);
        if (dry_run) return absl::OkStatus();
        return transaction
            .Execute(
                "INSERT INTO consumer_offsets (consumer, topic, partition, next_offset, epoch) VALUES ($1, "
                "$2, $3, $4, 1) ON CONFLICT (consumer, topic, partition) DO UPDATE SET next_offset = "
                "excluded.next_offset, epoch = consumer_offsets.epoch + 1",
                {row[0], row[1], row[2], moved.offset})
            .status();
      }));
  return moved;
}

}  // namespace finalmile::outbox
