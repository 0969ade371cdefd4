#pragma once

#include <string>
#include <vector>

#include "libs/storage/value.h"

namespace finalmile::storage {

// A condition for a WHERE clause, in parentheses where it has parts; its parameters are numbered from $1
// unless whoever makes it says otherwise.
struct Condition {
  std::string sql = "TRUE";
  std::vector<Value> values = {};
};

}  // namespace finalmile::storage
