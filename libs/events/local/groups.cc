#include "libs/events/local/groups.h"

#include <set>
#include <utility>

namespace finalmile::events {

int64_t Groups::Join(const std::string& group, const std::vector<std::string>& topics, WaitEvent& wake) {
  std::lock_guard lock(mutex_);
  members_.emplace(++last_id_, Member{group, topics, &wake, std::nullopt, {}});
  Assign(group);
  return last_id_;
}

void Groups::Leave(int64_t member) {
  std::lock_guard lock(mutex_);
  const std::string group = members_.at(member).group;
  members_.erase(member);
  Assign(group);
}

void Groups::Rejoin(int64_t member) {
  std::lock_guard lock(mutex_);
  Assign(members_.at(member).group);
}

void Groups::TopicsChanged() {
  std::lock_guard lock(mutex_);
  std::set<std::string> waiting;
  for (const auto& [id, member] : members_) {
    for (const std::string& topic : member.missing) {
      if (catalog_.Find(topic)) waiting.insert(member.group);
    }
  }
  for (const std::string& group : waiting) Assign(group);
}

std::optional<Assignment> Groups::Take(int64_t member) {
  std::lock_guard lock(mutex_);
  return std::exchange(members_.at(member).next, std::nullopt);
}

// Under the lock, because only the lock keeps a member's event alive; setting an event does not wait.
void Groups::Assign(const std::string& group) {
  std::map<std::string, std::vector<Member*>> readers;
  std::vector<Member*> all;
  for (auto& [id, member] : members_) {
    if (member.group != group) continue;
    member.next.emplace();
    member.missing.clear();
    all.push_back(&member);
    for (const std::string& topic : member.topics) readers[topic].push_back(&member);
  }
  for (const auto& [topic, sharers] : readers) {
    const auto found = catalog_.Find(topic);
    if (!found) {
      for (Member* member : sharers) member->missing.insert(topic);
      continue;
    }
    const int32_t each = found->spec.partitions / static_cast<int32_t>(sharers.size());
    const int32_t extra = found->spec.partitions % static_cast<int32_t>(sharers.size());
    int32_t partition = 0;
    for (size_t i = 0; i < sharers.size(); ++i) {
      const int32_t end = partition + each + (static_cast<int32_t>(i) < extra ? 1 : 0);
      for (; partition < end; ++partition) sharers[i]->next->partitions.push_back({topic, partition});
    }
  }
  for (Member* member : all) {
    member->next->missing = member->missing;
    member->wake->Set();
  }
}

}  // namespace finalmile::events
