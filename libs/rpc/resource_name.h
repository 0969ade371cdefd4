#pragma once

#include <string>
#include <string_view>

#include "finalmile/v1/annotations.pb.h"

// Names of resources, "leads/…", as the option (finalmile.v1.resource) says they are written. Pure functions.
namespace finalmile::rpc {

// Whether `name` is written as `form` says.
bool Fits(std::string_view name, const v1::ResourceName& form);

// For the caller whose name is not: "must be leads/{lead}, where {lead} is a lower-case UUID".
std::string DescriptionOf(const v1::ResourceName& form);

// What follows the collection: the id in "leads/{id}". A name that passed the edge has one.
std::string IdIn(std::string_view name);

}  // namespace finalmile::rpc
