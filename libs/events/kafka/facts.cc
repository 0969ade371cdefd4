#include "libs/events/kafka/facts.h"

#include <librdkafka/rdkafka.h>

#include <algorithm>
#include <functional>
#include <memory>

#include "fmt/format.h"
#include "libs/base/status.h"

namespace finalmile::events::kafka {
namespace {

struct FreeTopic {
  void operator()(rd_kafka_topic_t* topic) const { rd_kafka_topic_destroy(topic); }
};
struct FreeMetadata {
  void operator()(const rd_kafka_metadata_t* metadata) const { rd_kafka_metadata_destroy(metadata); }
};

constexpr absl::Duration kAskAgain = absl::Milliseconds(100);

// Asks again while the brokers are about to decide who coordinates a group, as after their start.
absl::Status Patiently(const AdminClient& admin, const std::function<absl::Status()>& ask) {
  const std::unique_ptr<WaitEvent> pause = admin.clock().NewWaitEvent();
  while (true) {
    absl::Status asked = ask();
    const absl::Duration again = admin.clock().Steady() + kAskAgain;
    if (!absl::IsUnavailable(asked) || again >= admin.deadline()) return asked;
    pause->WaitUntil(again);
  }
}

// By its name: of all topics, those that may not be seen are left out.
TopicFacts DescribeTopic(const AdminClient& admin, const std::string& name, int& brokers) {
  TopicFacts facts{.name = name, .described = {}};
  const std::unique_ptr<rd_kafka_topic_t, FreeTopic> topic(
      rd_kafka_topic_new(admin.client(), name.c_str(), nullptr));
  const rd_kafka_metadata_t* found = nullptr;
  const rd_kafka_resp_err_t asked =
      rd_kafka_metadata(admin.client(), 0, topic.get(), &found, MillisLeft(admin.clock(), admin.deadline()));
  const std::unique_ptr<const rd_kafka_metadata_t, FreeMetadata> metadata(found);
  facts.described = ToStatus(asked, fmt::format("topic {}", name));
  if (metadata == nullptr || metadata->topic_cnt != 1) return facts;
  brokers = std::max(brokers, metadata->broker_cnt);
  const rd_kafka_metadata_topic_t& described = metadata->topics[0];
  facts.described = ToStatus(described.err, fmt::format("topic {}", name));
  facts.partitions = described.partition_cnt;
  for (int i = 0; i < described.partition_cnt; ++i) {
    const rd_kafka_metadata_partition_t& partition = described.partitions[i];
    if (i == 0 || partition.replica_cnt < facts.replication) facts.replication = partition.replica_cnt;
    if (partition.leader < 0) ++facts.leaderless;
  }
  return facts;
}

// UNAVAILABLE when that is what is said of one of them.
absl::Status DescribeGroups(const AdminClient& admin, std::vector<GroupFacts>& groups) {
  std::vector<const char*> names;
  for (const GroupFacts& group : groups) names.push_back(group.name.c_str());
  const AdminOptions options = admin.Options(RD_KAFKA_ADMIN_OP_DESCRIBECONSUMERGROUPS);
  rd_kafka_DescribeConsumerGroups(admin.client(), names.data(), names.size(), options.get(), admin.queue());
  ASSIGN_OR_RETURN(const Answer answer, admin.Await("describe groups"));
  size_t count = 0;
  const rd_kafka_ConsumerGroupDescription_t** each = rd_kafka_DescribeConsumerGroups_result_groups(
      rd_kafka_event_DescribeConsumerGroups_result(answer.get()), &count);
  for (size_t i = 0; i < count; ++i) {
    const auto group = std::find_if(groups.begin(), groups.end(), [&](const GroupFacts& known) {
      return known.name == rd_kafka_ConsumerGroupDescription_group_id(each[i]);
    });
    if (group == groups.end()) continue;
    const rd_kafka_error_t* error = rd_kafka_ConsumerGroupDescription_error(each[i]);
    group->described = error == nullptr
                           ? absl::OkStatus()
                           : ToStatus(rd_kafka_error_code(error), fmt::format("group {}", group->name));
    group->state = rd_kafka_consumer_group_state_name(rd_kafka_ConsumerGroupDescription_state(each[i]));
    group->members = static_cast<int64_t>(rd_kafka_ConsumerGroupDescription_member_count(each[i]));
  }
  for (const GroupFacts& group : groups) {
    if (absl::IsUnavailable(group.described)) return group.described;
  }
  return absl::OkStatus();
}

// Sets the lag of a group from what it has reported.
absl::Status ReadLag(const AdminClient& admin, const std::vector<PartitionOffset>& ends, GroupFacts& group) {
  const std::unique_ptr<rd_kafka_ListConsumerGroupOffsets_t, void (*)(rd_kafka_ListConsumerGroupOffsets_t*)>
      wanted(rd_kafka_ListConsumerGroupOffsets_new(group.name.c_str(), nullptr),
             rd_kafka_ListConsumerGroupOffsets_destroy);
  rd_kafka_ListConsumerGroupOffsets_t* one[] = {wanted.get()};
  const AdminOptions options = admin.Options(RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPOFFSETS);
  rd_kafka_ListConsumerGroupOffsets(admin.client(), one, 1, options.get(), admin.queue());
  ASSIGN_OR_RETURN(const Answer answer, admin.Await(fmt::format("the offsets of group {}", group.name)));
  size_t count = 0;
  const rd_kafka_group_result_t** each = rd_kafka_ListConsumerGroupOffsets_result_groups(
      rd_kafka_event_ListConsumerGroupOffsets_result(answer.get()), &count);
  if (count != 1) return absl::OkStatus();
  if (const rd_kafka_error_t* error = rd_kafka_group_result_error(each[0]); error != nullptr)
    return ToStatus(rd_kafka_error_code(error), fmt::format("the offsets of group {}", group.name));
  group.lag.reset();
  const rd_kafka_topic_partition_list_t* reported = rd_kafka_group_result_partitions(each[0]);
  for (const auto& [partition, end] : ends) {
    for (int i = 0; reported != nullptr && i < reported->cnt; ++i) {
      const rd_kafka_topic_partition_t& at = reported->elems[i];
      if (at.topic != partition.topic || at.partition != partition.partition || at.offset < 0) continue;
      group.lag = group.lag.value_or(0) + std::max<int64_t>(0, end - at.offset);
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Facts> GetFacts(AdminClient& admin, const LogNeeds& needs, absl::Duration patience) {
  const auto again = [&] { admin.set_deadline(admin.clock().Steady() + patience); };
  again();
  // Whether anybody is there; what it lists is asked for by name below.
  const absl::Status reached =
      FetchTopics(admin.client(), admin.config(), admin.trouble(), admin.clock(), admin.deadline()).status();
  if (absl::IsDeadlineExceeded(reached)) return admin.Unreachable();
  RETURN_IF_ERROR(reached);

  Facts facts;
  std::vector<std::string> there;
  std::vector<Partition> partitions;
  for (const TopicSpec& topic : needs.topics) {
    again();
    facts.topics.push_back(DescribeTopic(admin, topic.name, facts.brokers));
    if (!facts.topics.back().described.ok()) continue;
    there.push_back(topic.name);
    for (int32_t p = 0; p < facts.topics.back().partitions; ++p) partitions.push_back({topic.name, p});
  }
  again();
  const auto settings = admin.SettingsOf(there);
  for (TopicFacts& topic : facts.topics) {
    if (!settings.ok()) {
      topic.settings = settings.status();
    } else if (const auto found = settings->find(topic.name); found != settings->end()) {
      topic.settings = found->second;
    }
  }

  for (const LogNeeds::Group& group : needs.groups)
    facts.groups.push_back(
        {.name = group.name, .described = absl::UnknownError("nothing is said of it"), .state = {}});
  if (facts.groups.empty()) return facts;
  again();
  const absl::Status described = Patiently(admin, [&] { return DescribeGroups(admin, facts.groups); });
  for (GroupFacts& group : facts.groups) {
    if (absl::IsUnknown(group.described) && !described.ok()) group.described = described;
  }
  again();
  const auto ends = FetchOffsets(admin.client(), partitions, Edge::kEnd, admin.clock(), admin.deadline());
  for (size_t i = 0; i < facts.groups.size(); ++i) {
    GroupFacts& group = facts.groups[i];
    if (!group.described.ok()) continue;
    std::vector<PartitionOffset> own;
    for (const PartitionOffset& end : ends.ok() ? *ends : std::vector<PartitionOffset>()) {
      const std::vector<std::string>& read = needs.groups[i].topics;
      if (std::find(read.begin(), read.end(), end.partition.topic) != read.end()) own.push_back(end);
    }
    again();
    group.described =
        ends.ok() ? Patiently(admin, [&] { return ReadLag(admin, own, group); }) : ends.status();
  }
  return facts;
}

}  // namespace finalmile::events::kafka
