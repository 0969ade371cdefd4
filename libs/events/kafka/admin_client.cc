#include "libs/events/kafka/admin_client.h"

#include <librdkafka/rdkafka.h>

#include <algorithm>

#include "fmt/format.h"
#include "libs/base/status.h"

namespace finalmile::events::kafka {

void FreeAnswer::operator()(rd_kafka_op_s* answer) const { rd_kafka_event_destroy(answer); }
void FreeOptions::operator()(rd_kafka_AdminOptions_s* options) const {
  rd_kafka_AdminOptions_destroy(options);
}

absl::Status AdminClient::Open() {
  ASSIGN_OR_RETURN(client_, NewAsker(config_, trouble_));
  queue_.reset(rd_kafka_queue_new(client_.get()));
  return absl::OkStatus();
}

absl::Status AdminClient::Unreachable() const {
  rd_kafka_poll(client_.get(), 0);  // lets the error callback speak
  return absl::DeadlineExceededError(fmt::format("events: {}", trouble_.Describe(config_)));
}

absl::StatusOr<Answer> AdminClient::Await(std::string_view what) const {
  Answer answer(rd_kafka_queue_poll(queue_.get(), MillisLeft(clock_, deadline_)));
  if (answer == nullptr || rd_kafka_event_error(answer.get()) == RD_KAFKA_RESP_ERR__TIMED_OUT)
    return Unreachable();
  if (const int error = rd_kafka_event_error(answer.get()); error != 0) {
    return ToStatus(error, fmt::format("{}: {}", what, rd_kafka_event_error_string(answer.get())));
  }
  return answer;
}

AdminOptions AdminClient::Options(int operation) const {
  char error[256];
  AdminOptions options(rd_kafka_AdminOptions_new(client_.get(), static_cast<rd_kafka_admin_op_t>(operation)));
  rd_kafka_AdminOptions_set_request_timeout(options.get(), std::max(MillisLeft(clock_, deadline_), 1), error,
                                            sizeof(error));
  return options;
}

absl::StatusOr<std::map<std::string, absl::StatusOr<AdminClient::Settings>, std::less<>>>
AdminClient::SettingsOf(const std::vector<std::string>& topics) const {
  std::map<std::string, absl::StatusOr<Settings>, std::less<>> found;
  if (topics.empty()) return found;
  std::vector<std::unique_ptr<rd_kafka_ConfigResource_t, void (*)(rd_kafka_ConfigResource_t*)>> owned;
  std::vector<rd_kafka_ConfigResource_t*> wanted;
  for (const std::string& topic : topics) {
    wanted.push_back(rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic.c_str()));
    owned.emplace_back(wanted.back(), rd_kafka_ConfigResource_destroy);
  }
  const AdminOptions options = Options(RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS);
  rd_kafka_DescribeConfigs(client_.get(), wanted.data(), wanted.size(), options.get(), queue_.get());
  ASSIGN_OR_RETURN(const Answer answer, Await("describe topics"));
  size_t count = 0;
  const rd_kafka_ConfigResource_t** each =
      rd_kafka_DescribeConfigs_result_resources(rd_kafka_event_DescribeConfigs_result(answer.get()), &count);
  for (size_t i = 0; i < count; ++i) {
    const char* name = rd_kafka_ConfigResource_name(each[i]);
    if (const int error = rd_kafka_ConfigResource_error(each[i]); error != 0) {
      found.emplace(name, ToStatus(error, fmt::format("the settings of {}", name)));
      continue;
    }
    Settings settings;
    size_t entries = 0;
    const rd_kafka_ConfigEntry_t** entry = rd_kafka_ConfigResource_configs(each[i], &entries);
    for (size_t e = 0; e < entries; ++e) {
      const char* value = rd_kafka_ConfigEntry_value(entry[e]);
      settings[rd_kafka_ConfigEntry_name(entry[e])] = value == nullptr ? "" : value;
    }
    found.emplace(name, std::move(settings));
  }
  return found;
}

}  // namespace finalmile::events::kafka
