#pragma once

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "libs/events/event_log.h"

// What every engine checks alike.
namespace finalmile::events {

// Most bytes of one message: what Kafka's default message.max.bytes (1,048,588) leaves after its framing.
inline constexpr int64_t kMaxMessageBytes = 1'000'000;

// Key plus value plus headers.
int64_t MessageBytes(const Message& message);

// INVALID_ARGUMENT names the first message over `max_bytes`.
absl::Status CheckSizes(const std::vector<Message>& messages, int64_t max_bytes);

// INVALID_ARGUMENT names the topic and the field: a name of 1 to 249 letters, digits, '.', '_' and '-' other
// than "." and
// ".."; partitions 1 to 10,000; retention of at least 1 ms; replication at least 1.
absl::Status CheckSpec(const TopicSpec& spec);

// FAILED_PRECONDITION when `existing` has another partition count than `wanted`.
absl::Status CheckPartitions(const TopicSpec& existing, const TopicSpec& wanted);

absl::Status UnknownTopic(std::string_view topic);

// UNAVAILABLE when `deadline` has passed.
absl::Status CheckDeadline(const Clock& clock, absl::Duration deadline);

}  // namespace finalmile::events
