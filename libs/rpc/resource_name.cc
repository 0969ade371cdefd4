#include "libs/rpc/resource_name.h"

#include <fmt/format.h>

#include "libs/base/text.h"
#include "libs/rpc/credentials.h"

namespace finalmile::rpc {
namespace {

constexpr size_t kMostOfId = 100;

std::string FormOfId(const v1::ResourceName& form) {
  switch (form.id()) {
    case v1::ResourceName::ID_UUID:
      return "a lower-case UUID";
    case v1::ResourceName::ID_PRINCIPAL:
      return "the name of a principal, 1 to 64 characters of [a-z0-9._-]";
    default:
      return fmt::format("1 to {} characters of [a-z0-9_-]", kMostOfId);
  }
}

}  // namespace

const v1::ResourceName& FormOf(const google::protobuf::Descriptor& message, const std::string& field) {
  return message.FindFieldByName(field)->options().GetExtension(v1::resource);
}

std::string_view CollectionOf(const v1::ResourceName& form) {
  return std::string_view(form.pattern()).substr(0, form.pattern().find('{'));
}

std::string NameOf(std::string_view id, const v1::ResourceName& form) {
  return fmt::format("{}{}", CollectionOf(form), id);
}

bool Fits(std::string_view name, const v1::ResourceName& form) {
  const std::string_view collection = CollectionOf(form);
  if (!name.starts_with(collection)) return false;
  name.remove_prefix(collection.size());
  if (form.wildcard() && name == "-") return true;
  switch (form.id()) {
    case v1::ResourceName::ID_UUID:
      return IsUuid(name);
    case v1::ResourceName::ID_PRINCIPAL:
      return IsPrincipalName(name);
    default:
      return IsToken(name, kMostOfId, "-_");
  }
}

std::string DescriptionOf(const v1::ResourceName& form) {
  const std::string collection(CollectionOf(form));
  return fmt::format("must be {}, where {} is {}{}", form.pattern(), form.pattern().substr(collection.size()),
                     FormOfId(form),
                     form.wildcard() ? fmt::format(", or {}- with an identity", collection) : "");
}

std::string IdIn(std::string_view name) { return std::string(name.substr(name.find('/') + 1)); }

}  // namespace finalmile::rpc
