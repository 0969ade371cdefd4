#pragma once

#include <string>
#include <string_view>

#include "finalmile/v1/annotations.pb.h"
#include "google/protobuf/descriptor.h"

// Names of resources, "leads/…", as the option (finalmile.v1.resource) says they are written. Pure functions.
namespace finalmile::rpc {

// How names are written that the field of a message of the contracts holds; the field carries the option.
const v1::ResourceName& FormOf(const google::protobuf::Descriptor& message, const std::string& field);
template <class Message>
const v1::ResourceName& FormOf(const std::string& field) {
  return FormOf(*Message::descriptor(), field);
}

// "leads/" of "leads/{lead}"; lives as long as the form.
std::string_view CollectionOf(const v1::ResourceName& form);
// The name of the resource with this id.
std::string NameOf(std::string_view id, const v1::ResourceName& form);

// Whether `name` is written as `form` says.
bool Fits(std::string_view name, const v1::ResourceName& form);

// For the caller whose name is not: "must be leads/{lead}, where {lead} is a lower-case UUID".
std::string DescriptionOf(const v1::ResourceName& form);

// What follows the collection: the id in "leads/{id}". A name that passed the edge has one.
std::string IdIn(std::string_view name);

}  // namespace finalmile::rpc
