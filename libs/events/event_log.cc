#include "libs/events/event_log.h"

#include <cstring>

#include "fmt/format.h"
#include "libs/base/address.h"
#include "libs/base/status.h"
#include "libs/events/checks.h"
#include "libs/events/kafka/kafka_log.h"
#include "libs/events/local/local_log.h"

namespace finalmile::events {
namespace {

// MurmurHash2 as org.apache.kafka.common.utils.Utils.murmur2 has it.
uint32_t Murmur2(std::string_view data) {
  constexpr uint32_t kSeed = 0x9747b28c;
  constexpr uint32_t kM = 0x5bd1e995;
  constexpr int kR = 24;
  const auto* bytes = reinterpret_cast<const uint8_t*>(data.data());
  const size_t size = data.size();
  uint32_t h = kSeed ^ static_cast<uint32_t>(size);
  size_t i = 0;
  for (; i + 4 <= size; i += 4) {
    uint32_t k =
        bytes[i] | bytes[i + 1] << 8 | bytes[i + 2] << 16 | static_cast<uint32_t>(bytes[i + 3]) << 24;
    k *= kM;
    k ^= k >> kR;
    k *= kM;
    h *= kM;
    h ^= k;
  }
  switch (size - i) {
    case 3:
      h ^= bytes[i + 2] << 16;
      [[fallthrough]];
    case 2:
      h ^= bytes[i + 1] << 8;
      [[fallthrough]];
    case 1:
      h ^= bytes[i];
      h *= kM;
  }
  h ^= h >> 13;
  h *= kM;
  h ^= h >> 15;
  return h;
}

bool IsTopicCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
         c == '-';
}

}  // namespace

int32_t PartitionOf(std::string_view key, int32_t partitions) {
  return static_cast<int32_t>((Murmur2(key) & 0x7fffffff) % static_cast<uint32_t>(partitions));
}

int64_t MessageBytes(const Message& message) {
  size_t bytes = message.key.size() + message.value.size();
  for (const auto& [name, value] : message.headers) bytes += name.size() + value.size();
  return static_cast<int64_t>(bytes);
}

absl::Status CheckSizes(const std::vector<Message>& messages, int64_t max_bytes) {
  for (size_t i = 0; i < messages.size(); ++i) {
    const int64_t bytes = MessageBytes(messages[i]);
    if (bytes > max_bytes) {
      return absl::InvalidArgumentError(
          fmt::format("message {} of {} for topic {} has {} bytes of key, value and headers; {} is the most",
                      i + 1, messages.size(), messages[i].topic, bytes, max_bytes));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckSpec(const TopicSpec& spec) {
  const auto refuse = [&](std::string_view what) {
    return absl::InvalidArgumentError(fmt::format("topic \"{}\": {}", spec.name, what));
  };
  if (spec.name.empty() || spec.name.size() > 249 || spec.name == "." || spec.name == "..") {
    return refuse("a name has 1 to 249 characters and is neither \".\" nor \"..\"");
  }
  for (const char c : spec.name) {
    if (!IsTopicCharacter(c)) return refuse("a name holds only letters, digits, '.', '_' and '-'");
  }
  if (spec.partitions < 1 || spec.partitions > 10'000) {
    return refuse(fmt::format("partitions is {}; it must be from 1 to 10,000", spec.partitions));
  }
  if (spec.retention < absl::Milliseconds(1)) {
    return refuse(
        fmt::format("retention is {}; it must be at least 1 ms", absl::FormatDuration(spec.retention)));
  }
  if (spec.replication < 1)
    return refuse(fmt::format("replication is {}; it must be at least 1", spec.replication));
  return absl::OkStatus();
}

absl::Status CheckPartitions(const TopicSpec& existing, const TopicSpec& wanted) {
  if (existing.partitions == wanted.partitions) return absl::OkStatus();
  return absl::FailedPreconditionError(fmt::format(
      "topic {} has {} partitions and {} are wanted; the count is fixed at creation, so ask for {} or use "
      "another name",
      wanted.name, existing.partitions, wanted.partitions, existing.partitions));
}

absl::Status CheckDeadline(const Clock& clock, absl::Duration deadline) {
  if (clock.Steady() < deadline) return absl::OkStatus();
  return absl::UnavailableError("events: no time is left to ask the log");
}

absl::Status UnknownTopic(std::string_view topic) {
  return absl::NotFoundError(
      fmt::format("topic {} does not exist; make it with `finalmile topics apply`", topic));
}

absl::StatusOr<std::unique_ptr<EventLog>> Open(std::string_view url, Clock& clock) {
  constexpr std::string_view kLocal = "local:";
  constexpr std::string_view kKafka = "kafka://";
  RETURN_IF_ERROR(CheckNoSecret(url));
  if (url.starts_with(kLocal)) return OpenLocal(url.substr(kLocal.size()), clock);
  if (url.starts_with(kKafka)) return OpenKafka(url, clock);
  const std::string_view scheme = url.substr(0, url.find(':'));
  return absl::InvalidArgumentError(
      fmt::format("events: no engine for \"{}\"; write local:PATH or kafka://host:port,host:port", scheme));
}

}  // namespace finalmile::events
