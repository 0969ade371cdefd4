#include "libs/testing/personal_fields.h"

#include <set>

#include "finalmile/v1/annotations.pb.h"

namespace finalmile::testing {
namespace {

using google::protobuf::Descriptor;

void Collect(const Descriptor& message, const std::string& path, std::set<const Descriptor*>& seen,
             std::vector<std::string>& personal) {
  if (!seen.insert(&message).second) return;
  for (int i = 0; i < message.field_count(); ++i) {
    const google::protobuf::FieldDescriptor& field = *message.field(i);
    const std::string below = path + "." + field.name();
    if (field.options().GetExtension(v1::personal)) personal.push_back(below);
    if (field.message_type() != nullptr) Collect(*field.message_type(), below, seen, personal);
  }
}

}  // namespace

std::vector<std::string> PersonalFields(const Descriptor& message) {
  std::set<const Descriptor*> seen;
  std::vector<std::string> personal;
  Collect(message, message.name(), seen, personal);
  return personal;
}

}  // namespace finalmile::testing
