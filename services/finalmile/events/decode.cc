#include "services/finalmile/events/decode.h"

#include <fmt/format.h>
#include <google/protobuf/descriptor.h>

#include <initializer_list>
#include <map>

#include "finalmile/appointments/v1/appointment_event.pb.h"
#include "finalmile/catalog/v1/catalog_event.pb.h"
#include "finalmile/coaching/v1/coaching_event.pb.h"
#include "finalmile/leads/v1/activity.pb.h"
#include "finalmile/leads/v1/lead_event.pb.h"
#include "libs/outbox/topic.h"

namespace finalmile::cli {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

const Message* PrototypeOf(std::string_view topic) {
  static const std::map<std::string, const Message*, std::less<>> prototypes = [] {
    std::map<std::string, const Message*, std::less<>> by_topic;
    for (const Message* message : std::initializer_list<const Message*>{
             &appointments::v1::AppointmentEvent::default_instance(),
             &catalog::v1::CatalogEvent::default_instance(),
             &coaching::v1::CoachingEvent::default_instance(),
             &leads::v1::Activity::default_instance(),
             &leads::v1::LeadEvent::default_instance(),
         }) {
      by_topic.emplace(outbox::TopicOf(*message->GetDescriptor()).name, message);
    }
    return by_topic;
  }();
  const auto found = prototypes.find(topic);
  return found == prototypes.end() ? nullptr : found->second;
}

// An envelope names its event by the member of its oneof that is set; anything else by its field `type`.
std::string TypeOf(const Message& message) {
  const auto& descriptor = *message.GetDescriptor();
  if (const auto* event = descriptor.FindOneofByName("event"); event != nullptr) {
    const FieldDescriptor* set = message.GetReflection()->GetOneofFieldDescriptor(message, event);
    return set == nullptr ? "" : set->message_type()->name();
  }
  const FieldDescriptor* type = descriptor.FindFieldByName("type");
  return type == nullptr ? "" : message.GetReflection()->GetString(message, type);
}

}  // namespace

absl::StatusOr<DecodedEvent> DecodeEvent(std::string_view topic, const std::string& value) {
  const Message* prototype = PrototypeOf(topic);
  if (prototype == nullptr) return absl::NotFoundError(fmt::format("{} is no topic of the suite", topic));
  DecodedEvent event;
  event.message.reset(prototype->New());
  if (!event.message->ParseFromString(value)) {
    return absl::DataLossError(fmt::format("not a {}", prototype->GetDescriptor()->full_name()));
  }
  event.type = TypeOf(*event.message);
  return event;
}

std::string TopicName(std::string_view text) {
  if (text.starts_with("finalmile.")) return std::string(text);
  return fmt::format("finalmile.{}.v1", text);
}

}  // namespace finalmile::cli
