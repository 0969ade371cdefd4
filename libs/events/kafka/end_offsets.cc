#include "libs/events/kafka/end_offsets.h"

#include <librdkafka/rdkafka.h>

#include "libs/base/status.h"
#include "libs/events/checks.h"

namespace finalmile::events::kafka {

absl::StatusOr<rd_kafka_s*> EndOffsets::Connected() {
  std::lock_guard lock(mutex_);
  if (client_ == nullptr) {
    ASSIGN_OR_RETURN(client_, NewAsker(config_, trouble_));
  }
  // What was noted meanwhile does not gather.
  rd_kafka_poll(client_.get(), 0);
  return client_.get();
}

absl::StatusOr<std::vector<PartitionOffset>> EndOffsets::Of(const std::vector<std::string>& topics, Edge edge,
                                                            absl::Duration deadline) {
  RETURN_IF_ERROR(CheckDeadline(clock_, deadline));
  ASSIGN_OR_RETURN(rd_kafka_s* const client, Connected());
  auto ends = [&]() -> absl::StatusOr<std::vector<PartitionOffset>> {
    ASSIGN_OR_RETURN(const std::vector<Partition> partitions,
                     FetchPartitions(client, config_, trouble_, topics, clock_, deadline));
    return FetchOffsets(client, partitions, edge, clock_, deadline);
  }();
  if (absl::IsDeadlineExceeded(ends.status())) return absl::UnavailableError(ends.status().message());
  return ends;
}

}  // namespace finalmile::events::kafka
