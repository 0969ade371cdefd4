#include "libs/events/kafka/config.h"

#include <librdkafka/rdkafka.h>

#include <algorithm>
#include <array>
#include <memory>

#include "fmt/format.h"
#include "libs/base/address.h"
#include "libs/base/status.h"

namespace finalmile::events::kafka {
namespace {

constexpr std::string_view kMaxBytes = "message.max.bytes";
constexpr std::string_view kDefaultMaxBytes = "1048588";
constexpr std::string_view kFileSuffix = ".file";

// What the contract of EventLog depends on.
constexpr std::array<std::string_view, 17> kFixed = {"bootstrap.servers",
                                                     "metadata.broker.list",
                                                     "group.id",
                                                     "group.instance.id",
                                                     "enable.idempotence",
                                                     "max.in.flight",
                                                     "max.in.flight.requests.per.connection",
                                                     "acks",
                                                     "request.required.acks",
                                                     "message.timeout.ms",
                                                     "delivery.timeout.ms",
                                                     "partitioner",
                                                     "enable.auto.commit",
                                                     "auto.offset.reset",
                                                     "partition.assignment.strategy",
                                                     "enable.auto.offset.store",
                                                     "transactional.id"};

absl::StatusOr<std::pair<std::string, std::string>> PropertyOf(AddressParameter parameter) {
  auto& [name, value] = parameter;
  if (name.ends_with(kFileSuffix)) {
    name.resize(name.size() - kFileSuffix.size());
    ASSIGN_OR_RETURN(value, ReadSecretFile(fmt::format("events: {}{}", name, kFileSuffix), value));
  }
  if (std::find(kFixed.begin(), kFixed.end(), name) != kFixed.end()) {
    return absl::InvalidArgumentError(
        fmt::format("events: property {} is fixed by FinalMile; leave it out of the Kafka URL", name));
  }
  return std::pair(std::move(name), std::move(value));
}

}  // namespace

absl::StatusOr<Config> ParseUrl(std::string_view url) {
  constexpr std::string_view kScheme = "kafka://";
  if (!url.starts_with(kScheme))
    return absl::InvalidArgumentError("events: a Kafka URL starts with kafka://");
  ASSIGN_OR_RETURN(std::vector<AddressParameter> parameters, ParametersOf(url));
  url.remove_prefix(kScheme.size());
  const size_t question = url.find('?');
  Config config{.servers = std::string(url.substr(0, question)), .properties = {}};
  if (config.servers.ends_with('/')) config.servers.pop_back();
  if (config.servers.empty())
    return absl::InvalidArgumentError("events: kafka:// names no broker; write kafka://host:port,host:port");

  config.properties.emplace_back(kMaxBytes, kDefaultMaxBytes);
  for (AddressParameter& parameter : parameters) {
    ASSIGN_OR_RETURN(auto property, PropertyOf(std::move(parameter)));
    config.properties.push_back(std::move(property));
  }

  const std::unique_ptr<rd_kafka_conf_t, void (*)(rd_kafka_conf_t*)> conf(rd_kafka_conf_new(),
                                                                          rd_kafka_conf_destroy);
  char error[512];
  for (const auto& [name, value] : config.properties) {
    // The text may quote the value, but a secret takes any value and so is never in it.
    if (rd_kafka_conf_set(conf.get(), name.c_str(), value.c_str(), error, sizeof(error)) !=
        RD_KAFKA_CONF_OK) {
      return absl::InvalidArgumentError(fmt::format("events: property {} in the Kafka URL: {}", name, error));
    }
  }
  char limit[32];
  size_t size = sizeof(limit);
  rd_kafka_conf_get(conf.get(), std::string(kMaxBytes).c_str(), limit, &size);
  const int64_t max_bytes = std::stoll(limit);
  if (max_bytes < std::stoll(std::string(kDefaultMaxBytes))) {
    // Events that are written to an outbox already could not be sent.
    return absl::InvalidArgumentError(
        fmt::format("events: property {} in the Kafka URL: {} is below {}, the default", kMaxBytes, max_bytes,
                    kDefaultMaxBytes));
  }
  config.max_message_bytes = max_bytes - kFramingBytes;
  return config;
}

}  // namespace finalmile::events::kafka
