#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "libs/events/event_log.h"
#include "libs/events/local/catalog.h"

namespace finalmile::events {

// What a member owns after a change.
struct Assignment {
  std::vector<Partition> partitions;
  // Subscribed topics that do not exist.
  std::set<std::string> missing;
};

// Consumer groups within the process: partitions are shared by range, as Kafka's RangeAssignor does, and
// every change of membership or topics gives every member of the group a new assignment. Thread-safe.
class Groups {
 public:
  explicit Groups(Catalog& catalog) : catalog_(catalog) {}

  // Joins; returns the member's id. `wake` is set with each new assignment, until Leave.
  int64_t Join(const std::string& group, const std::vector<std::string>& topics, WaitEvent& wake);
  void Leave(int64_t member);
  // Gives every member of `member`'s group a new assignment.
  void Rejoin(int64_t member);
  // To be called after topics have been made.
  void TopicsChanged();

  // The assignment that the member has not taken yet, once.
  std::optional<Assignment> Take(int64_t member);

 private:
  struct Member {
    std::string group;
    std::vector<std::string> topics;
    WaitEvent* wake;
    std::optional<Assignment> next;
    // As the last assignment found them.
    std::set<std::string> missing;
  };

  void Assign(const std::string& group);

  Catalog& catalog_;
  std::mutex mutex_;
  // In order of joining.
  std::map<int64_t, Member> members_;
  int64_t last_id_ = 0;
};

}  // namespace finalmile::events
