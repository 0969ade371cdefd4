#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "finalmile/leads/v1/activity.pb.h"
#include "finalmile/leads/v1/lead.pb.h"
#include "finalmile/leads/v1/lead_event.pb.h"
#include "finalmile/v1/annotations.pb.h"

namespace finalmile::leads {
namespace {

using google::protobuf::Descriptor;

// Paths of the fields marked personal that a message can hold, at any depth.
void Collect(const Descriptor& message, const std::string& path, std::set<const Descriptor*>& seen,
             std::vector<std::string>& personal) {
  if (!seen.insert(&message).second) return;
  for (int i = 0; i < message.field_count(); ++i) {
    const google::protobuf::FieldDescriptor& field = *message.field(i);
    const std::string below = path + "." + field.name();
    if (field.options().GetExtension(finalmile::v1::personal)) personal.push_back(below);
    if (field.message_type() != nullptr) Collect(*field.message_type(), below, seen, personal);
  }
}

std::vector<std::string> PersonalFields(const Descriptor& message) {
  std::set<const Descriptor*> seen;
  std::vector<std::string> personal;
  Collect(message, message.name(), seen, personal);
  return personal;
}

TEST(EventPrivacy, NoEventHoldsAFieldThatIsMarkedPersonal) {
  EXPECT_EQ(PersonalFields(*v1::LeadEvent::descriptor()), std::vector<std::string>());
  EXPECT_EQ(PersonalFields(*v1::Activity::descriptor()), std::vector<std::string>());
}

TEST(EventPrivacy, TheWalkFindsWhatIsMarked) {
  const std::vector<std::string> found = PersonalFields(*v1::Lead::descriptor());
  EXPECT_NE(std::find(found.begin(), found.end(), "Lead.email"), found.end());
  EXPECT_NE(std::find(found.begin(), found.end(), "Lead.external_ids.id"), found.end());
}

}  // namespace
}  // namespace finalmile::leads
