#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/events/diagnose.h"
#include "libs/events/kafka/admin_client.h"

namespace finalmile::events::kafka {

// The answers of the brokers about a topic.
struct TopicFacts {
  std::string name;
  // NOT_FOUND; PERMISSION_DENIED, and then nobody can tell whether it exists.
  absl::Status described;
  int32_t partitions = 0;
  // Copies of the partition that has the fewest.
  int32_t replication = 0;
  // Partitions that nobody leads.
  int32_t leaderless = 0;
  // PERMISSION_DENIED where they may not be read.
  absl::StatusOr<AdminClient::Settings> settings = absl::UnknownError("not asked");
};

// Their answers about a consumer group.
struct GroupFacts {
  std::string name;
  absl::Status described;
  // "Stable", "Empty", "Dead".
  std::string state;
  int64_t members = 0;
  // Records of its topics that come after what it has reported; absent where it never reported.
  std::optional<int64_t> lag = {};
};

struct Facts {
  int brokers = 0;
  std::vector<TopicFacts> topics;
  std::vector<GroupFacts> groups;
};

// Asks for them, each question for `patience` at most. An error where the brokers cannot be reached.
absl::StatusOr<Facts> GetFacts(AdminClient& admin, const LogNeeds& needs, absl::Duration patience);

// Judges the answers. `user`: who asked, for advice. `max_message_bytes`: what producers send at most.
std::vector<Finding> Judge(const Facts& facts, const LogNeeds& needs, const std::string& user,
                           int64_t max_message_bytes);

}  // namespace finalmile::events::kafka
