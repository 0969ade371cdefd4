#include "libs/events/kafka/admin.h"

#include <librdkafka/rdkafka.h>

#include <algorithm>
#include <charconv>
#include <memory>
#include <string>

#include "fmt/format.h"
#include "libs/base/status.h"
#include "libs/events/checks.h"
#include "libs/events/kafka/client.h"

namespace finalmile::events::kafka {
namespace {

constexpr const char* kRetention = "retention.ms";
constexpr absl::Duration kLookAgain = absl::Milliseconds(50);

struct FreeEvent {
  void operator()(rd_kafka_event_t* event) const { rd_kafka_event_destroy(event); }
};
using Answer = std::unique_ptr<rd_kafka_event_t, FreeEvent>;

class Admin {
 public:
  Admin(const Config& config, Clock& clock, absl::Duration deadline)
      : config_(config), clock_(clock), deadline_(deadline) {}

  absl::Status Open() {
    ASSIGN_OR_RETURN(client_, NewAsker(config_, trouble_));
    queue_.reset(rd_kafka_queue_new(client_.get()));
    return absl::OkStatus();
  }

  absl::StatusOr<std::vector<TopicSpec>> Topics() {
    auto topics = FetchTopics(client_.get(), config_, trouble_, clock_, deadline_);
    if (absl::IsDeadlineExceeded(topics.status())) return Unreachable();
    return topics;
  }

  absl::Status Create(const std::vector<TopicSpec>& topics);
  absl::Status AwaitLeaders(const std::vector<TopicSpec>& topics);
  absl::Status ReadRetention(std::vector<TopicSpec>& topics);

 private:
  absl::Status Unreachable() {
    rd_kafka_poll(client_.get(), 0);  // lets the error callback speak
    return absl::DeadlineExceededError(fmt::format("events: {}", trouble_.Describe(config_)));
  }
  absl::StatusOr<Answer> Await(std::string_view what);
  bool AllHaveLeaders(const std::vector<TopicSpec>& topics);
  // Options are copied by each call.
  std::unique_ptr<rd_kafka_AdminOptions_t, void (*)(rd_kafka_AdminOptions_t*)> Options(
      rd_kafka_admin_op_t operation) {
    char error[256];
    rd_kafka_AdminOptions_t* options = rd_kafka_AdminOptions_new(client_.get(), operation);
    rd_kafka_AdminOptions_set_request_timeout(options, std::max(MillisLeft(clock_, deadline_), 1), error,
                                              sizeof(error));
    return {options, rd_kafka_AdminOptions_destroy};
  }

  const Config& config_;
  Clock& clock_;
  const absl::Duration deadline_;
  Trouble trouble_;
  Client client_;
  Queue queue_;
};

absl::StatusOr<Answer> Admin::Await(std::string_view what) {
  Answer answer(rd_kafka_queue_poll(queue_.get(), MillisLeft(clock_, deadline_)));
  if (answer == nullptr || rd_kafka_event_error(answer.get()) == RD_KAFKA_RESP_ERR__TIMED_OUT)
    return Unreachable();
  if (const int error = rd_kafka_event_error(answer.get()); error != 0) {
    return ToStatus(error, fmt::format("{}: {}", what, rd_kafka_event_error_string(answer.get())));
  }
  return answer;
}

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
  rd_kafka_CreateTopics(client_.get(), wanted.data(), wanted.size(), options.get(), queue_.get());
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
  if (rd_kafka_metadata(client_.get(), 1, nullptr, &metadata, MillisLeft(clock_, deadline_)) !=
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
  const std::unique_ptr<WaitEvent> pause = clock_.NewWaitEvent();
  while (!AllHaveLeaders(topics)) {
    if (clock_.Steady() >= deadline_) {
      return absl::DeadlineExceededError(fmt::format(
          "events: topic {} or one made with it has no leader yet; apply again", topics.front().name));
    }
    pause->WaitUntil(std::min(deadline_, clock_.Steady() + kLookAgain));
  }
  return absl::OkStatus();
}

absl::Status Admin::ReadRetention(std::vector<TopicSpec>& topics) {
  if (topics.empty()) return absl::OkStatus();
  std::vector<std::unique_ptr<rd_kafka_ConfigResource_t, void (*)(rd_kafka_ConfigResource_t*)>> owned;
  std::vector<rd_kafka_ConfigResource_t*> wanted;
  for (const TopicSpec& spec : topics) {
    wanted.push_back(rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, spec.name.c_str()));
    owned.emplace_back(wanted.back(), rd_kafka_ConfigResource_destroy);
  }
  const auto options = Options(RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS);
  rd_kafka_DescribeConfigs(client_.get(), wanted.data(), wanted.size(), options.get(), queue_.get());
  ASSIGN_OR_RETURN(const Answer answer, Await("describe topics"));
  size_t count = 0;
  const rd_kafka_ConfigResource_t** each =
      rd_kafka_DescribeConfigs_result_resources(rd_kafka_event_DescribeConfigs_result(answer.get()), &count);
  for (size_t i = 0; i < count; ++i) {
    const std::string_view name = rd_kafka_ConfigResource_name(each[i]);
    const auto spec = std::find_if(topics.begin(), topics.end(),
                                   [&](const TopicSpec& topic) { return topic.name == name; });
    size_t entries = 0;
    const rd_kafka_ConfigEntry_t** entry = rd_kafka_ConfigResource_configs(each[i], &entries);
    for (size_t e = 0; spec != topics.end() && e < entries; ++e) {
      if (std::string_view(rd_kafka_ConfigEntry_name(entry[e])) != kRetention) continue;
      const std::string_view text = rd_kafka_ConfigEntry_value(entry[e]);
      int64_t millis = -1;
      std::from_chars(text.data(), text.data() + text.size(), millis);
      if (millis >= 0) spec->retention = absl::Milliseconds(millis);
    }
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
