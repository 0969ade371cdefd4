#include "libs/events/kafka/admin.h"

#include <librdkafka/rdkafka.h>

#include <algorithm>
#include <charconv>
#include <memory>
#include <string>

#include "fmt/format.h"
#include "libs/base/status.h"
#include "libs/events/checks.h"
#include "libs/events/kafka/admin_client.h"
#include "libs/events/kafka/client.h"

namespace finalmile::events::kafka {
namespace {

constexpr const char* kRetention = "retention.ms";
constexpr absl::Duration kLookAgain = absl::Milliseconds(50);

class Admin : public AdminClient {
 public:
  using AdminClient::AdminClient;

  absl::StatusOr<std::vector<TopicSpec>> Topics() {
    auto topics = FetchTopics(client(), config(), trouble(), clock(), deadline());
    if (absl::IsDeadlineExceeded(topics.status())) return Unreachable();
    return topics;
  }

  absl::Status Create(const std::vector<TopicSpec>& topics);
  absl::Status AwaitLeaders(const std::vector<TopicSpec>& topics);
  absl::Status ReadRetention(std::vector<TopicSpec>& topics);

 private:
  bool AllHaveLeaders(const std::vector<TopicSpec>& topics);
};

absl::Status Admin::Create(const std::vector<TopicSpec>& topics) {
  std::vector<std::unique_ptr<rd_kafka_NewTopic_t, void (*)(rd_kafka_NewTopic_t*)>> owned;
  std::vector<rd_kafka_NewTopic_t*> wanted;
  for (const TopicSpec& spec : topics) {
    char error[256];
    rd_kafka_NewTopic_t* topic =
        rd_kafka_NewTopic_new(spec.name.c_str(), spec.partitions, spec.replication, error, sizeof(error));
    if (topic == nullptr)
      return absl::InvalidArgumentError(fmt::format("events: topic {}: {}", spec.name, error));
    owned.emplace_back(topic, rd_kafka_NewTopic_destroy);
    wanted.push_back(topic);
    const bool for_ever = spec.retention == absl::InfiniteDuration();
    rd_kafka_NewTopic_set_config(
        topic, kRetention, std::to_string(for_ever ? -1 : absl::ToInt64Milliseconds(spec.retention)).c_str());
  }
  const auto options = Options(RD_KAFKA_ADMIN_OP_CREATETOPICS);
  rd_kafka_CreateTopics(client(), wanted.data(), wanted.size(), options.get(), queue());
  ASSIGN_OR_RETURN(const Answer answer, Await("make topics"));
  size_t count = 0;
  const auto* result = rd_kafka_event_CreateTopics_result(answer.get());
  const rd_kafka_topic_result_t** each = rd_kafka_CreateTopics_result_topics(result, &count);
  for (size_t i = 0; i < count; ++i) {
    const rd_kafka_resp_err_t error = rd_kafka_topic_result_error(each[i]);
    // Somebody was faster; its partitions are looked at afterwards.
    if (error == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS) continue;
    const char* why = rd_kafka_topic_result_error_string(each[i]);
    RETURN_IF_ERROR(ToStatus(error, fmt::format("make topic {}: {}", rd_kafka_topic_result_name(each[i]),
                                                why == nullptr ? "" : why)));
  }
  return absl::OkStatus();
}

bool Admin::AllHaveLeaders(const std::vector<TopicSpec>& topics) {
  const rd_kafka_metadata_t* metadata = nullptr;
  if (rd_kafka_metadata(client(), 1, nullptr, &metadata, MillisLeft(clock(), deadline())) !=
      RD_KAFKA_RESP_ERR_NO_ERROR)
    return false;
  size_t ready = 0;
  for (int i = 0; i < metadata->topic_cnt; ++i) {
    const rd_kafka_metadata_topic_t& topic = metadata->topics[i];
    const bool wanted = std::any_of(topics.begin(), topics.end(),
                                    [&](const TopicSpec& spec) { return spec.name == topic.topic; });
    const bool led =
        topic.partition_cnt > 0 && std::all_of(topic.partitions, topic.partitions + topic.partition_cnt,
                                               [](const auto& partition) { return partition.leader >= 0; });
    if (wanted && led) ++ready;
  }
  rd_kafka_metadata_destroy(metadata);
  return ready == topics.size();
}

absl::Status Admin::AwaitLeaders(const std::vector<TopicSpec>& topics) {
  const std::unique_ptr<WaitEvent> pause = clock().NewWaitEvent();
  while (!AllHaveLeaders(topics)) {
    if (clock().Steady() >= deadline()) {
      return absl::DeadlineExceededError(fmt::format(
          "events: topic {} or one made with it has no leader yet; apply again", topics.front().name));
    }
    pause->WaitUntil(std::min(deadline(), clock().Steady() + kLookAgain));
  }
  return absl::OkStatus();
}

absl::Status Admin::ReadRetention(std::vector<TopicSpec>& topics) {
  std::vector<std::string> names;
  for (const TopicSpec& spec : topics) names.push_back(spec.name);
  ASSIGN_OR_RETURN(const auto settings, SettingsOf(names));
  for (TopicSpec& spec : topics) {
    const auto found = settings.find(spec.name);
    if (found == settings.end() || !found->second.ok()) continue;
    const auto text = found->second->find(kRetention);
    if (text == found->second->end()) continue;
    int64_t millis = -1;
    std::from_chars(text->second.data(), text->second.data() + text->second.size(), millis);
    if (millis >= 0) spec.retention = absl::Milliseconds(millis);
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status ApplyTopics(const Config& config, Clock& clock, const std::vector<TopicSpec>& topics,
                         absl::Duration deadline) {
  for (const TopicSpec& spec : topics) RETURN_IF_ERROR(CheckSpec(spec));
  Admin admin(config, clock, deadline);
  RETURN_IF_ERROR(admin.Open());
  // Counts are verified before anything is made, and once more after, in case another caller made a topic
  // meanwhile.
  for (const bool made : {false, true}) {
    ASSIGN_OR_RETURN(const std::vector<TopicSpec> existing, admin.Topics());
    std::vector<TopicSpec> absent;
    for (const TopicSpec& spec : topics) {
      const auto found = std::find_if(existing.begin(), existing.end(),
                                      [&](const TopicSpec& topic) { return topic.name == spec.name; });
      if (found == existing.end()) {
        absent.push_back(spec);
      } else {
        RETURN_IF_ERROR(CheckPartitions(*found, spec));
      }
    }
    if (made || absent.empty()) return absl::OkStatus();
    RETURN_IF_ERROR(admin.Create(absent));
    RETURN_IF_ERROR(admin.AwaitLeaders(absent));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<TopicSpec>> ListTopics(const Config& config, Clock& clock,
                                                  absl::Duration deadline) {
  Admin admin(config, clock, deadline);
  RETURN_IF_ERROR(admin.Open());
  auto topics = admin.Topics();
  const absl::Status status = topics.ok() ? admin.ReadRetention(*topics) : topics.status();
  if (absl::IsDeadlineExceeded(status)) return absl::UnavailableError(status.message());
  RETURN_IF_ERROR(status);
  return topics;
}

}  // namespace finalmile::events::kafka
