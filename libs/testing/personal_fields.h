#pragma once

#include <string>
#include <vector>

#include "google/protobuf/descriptor.h"

namespace finalmile::testing {

// Paths of the fields marked (finalmile.v1.personal) that a message can hold, at any depth: "Lead.email". No
// event may have any.
std::vector<std::string> PersonalFields(const google::protobuf::Descriptor& message);

}  // namespace finalmile::testing
