#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "google/protobuf/message.h"

namespace finalmile::cli {

// A record's value as the message of its topic.
struct DecodedEvent {
  std::unique_ptr<google::protobuf::Message> message;
  // What happened: "LeadBecameSalesReady" of an event's envelope, the type of an activity.
  std::string type;
};

// Finds the topic's message by its descriptor. NOT_FOUND: the topic is none of the suite's; DATA_LOSS: the
// bytes are not its message.
absl::StatusOr<DecodedEvent> DecodeEvent(std::string_view topic, const std::string& value);

// The full name of a topic: "leads.events" is "finalmile.leads.events.v1".
std::string TopicName(std::string_view text);

}  // namespace finalmile::cli
