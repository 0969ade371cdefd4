#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>

#include "libs/base/text.h"

namespace finalmile::testing {

// A UUID that is the same for the same word: the id of a resource that a test only names.
inline std::string UuidOf(std::string_view word) {
  const uint64_t high = StableHash(word, 1);
  const uint64_t low = StableHash(word, 2);
  return fmt::format("{:08x}-{:04x}-7{:03x}-8{:03x}-{:012x}", high >> 32, high >> 16 & 0xffff, high & 0xfff,
                     low >> 48 & 0xfff, low & 0xffff'ffff'ffff);
}

}  // namespace finalmile::testing
