#pragma once

#include <string_view>

#include "finalmile/leads/v1/lead_event.pb.h"
#include "finalmile/v1/annotations.pb.h"
#include "libs/rpc/resource_name.h"

namespace finalmile::appointments::consumers {

// Whether it is the name of a lead, as the contract of the leads says it is written.
inline bool NamesLead(std::string_view name) {
  static const finalmile::v1::ResourceName& form =
      leads::v1::LeadMerged::descriptor()->FindFieldByName("into")->options().GetExtension(
          finalmile::v1::resource);
  return rpc::Fits(name, form);
}

}  // namespace finalmile::appointments::consumers
