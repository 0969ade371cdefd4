#include "libs/rpc/resource_name.h"

#include <fmt/format.h>

#include "libs/base/text.h"

namespace finalmile::rpc {
namespace {

constexpr size_t kMostOfId = 100;

// "leads/" of "leads/{lead}".
std::string_view CollectionOf(const v1::ResourceName& form) {
  return std::string_view(form.pattern()).substr(0, form.pattern().find('{'));
}

}  // namespace

bool Fits(std::string_view name, const v1::ResourceName& form) {
  const std::string_view collection = CollectionOf(form);
  if (!name.starts_with(collection)) return false;
  name.remove_prefix(collection.size());
  if (form.wildcard() && name == "-") return true;
  return form.id() == v1::ResourceName::ID_UUID ? IsUuid(name) : IsToken(name, kMostOfId, "-_");
}

std::string DescriptionOf(const v1::ResourceName& form) {
  const std::string collection(CollectionOf(form));
  return fmt::format("must be {}, where {} is {}{}", form.pattern(), form.pattern().substr(collection.size()),
                     form.id() == v1::ResourceName::ID_UUID
                         ? "a lower-case UUID"
                         : fmt::format("1 to {} characters of [a-z0-9_-]", kMostOfId),
                     form.wildcard() ? fmt::format(", or {}- with an identity", collection) : "");
}

std::string IdIn(std::string_view name) { return std::string(name.substr(name.find('/') + 1)); }

}  // namespace finalmile::rpc
