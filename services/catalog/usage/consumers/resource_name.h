#pragma once

#include <string_view>

#include "libs/base/text.h"

namespace finalmile::catalog::usage::consumers {

// Whether `name` is `collection` ("leads/") and then an id that a key of the store may hold. Records come
// from other services, and so may hold anything.
inline bool IsNameIn(std::string_view collection, std::string_view name) {
  return name.starts_with(collection) && IsToken(name.substr(collection.size()), 128, "-_.");
}

}  // namespace finalmile::catalog::usage::consumers
