#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "libs/base/clock.h"
#include "libs/base/finding.h"
#include "libs/events/event_log.h"

namespace finalmile::events {

// The needs of services that the event log has to meet.
struct LogNeeds {
  struct Group {
    std::string name;
    std::vector<std::string> topics;
  };

  // The topics as the contracts want them; `replication` is not checked.
  std::vector<TopicSpec> topics;
  std::vector<Group> groups;
};

// Looks at the log at `url`, and changes nothing there. Kafka: "reach", "topics" (there, missing, or not to
// be seen by this user), "leaders", "partitions", "replication", and of the topics' settings
// "min.insync.replicas", "retention.ms", "cleanup.policy" and "max.message.bytes"; "groups" with their lag.
// Embedded: "file" and "topics"; where nobody holds the file, it is held for the moment of the look. Blocks
// for some times `patience` at most, which bounds each question.
std::vector<Finding> Diagnose(std::string_view url, Clock& clock, const LogNeeds& needs,
                              absl::Duration patience);

}  // namespace finalmile::events
