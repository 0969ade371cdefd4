#pragma once

#include <string>

#include "google/protobuf/descriptor.h"
#include "libs/events/event_log.h"

// Which topic carries a message: its contract says so, by the option (finalmile.v1.topic). Thread-safe;
// nothing here may run before main().
namespace finalmile::outbox {

// The topic of a message that has the option; a message without it is a mistake of the program, which ends.
events::TopicSpec TopicOf(const google::protobuf::Descriptor& message);

// "finalmile.leads.events.v1" for LeadEvent.
template <class Message>
const std::string& TopicName() {
  static const std::string name = TopicOf(*Message::descriptor()).name;
  return name;
}

}  // namespace finalmile::outbox
