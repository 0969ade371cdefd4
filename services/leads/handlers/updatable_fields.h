#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "finalmile/leads/v1/lead.pb.h"

namespace finalmile::leads::handlers {

// The fields of Lead that callers set, in order of the message, but attributes last: their entries have paths
// of their own.
std::span<const std::string_view> UpdatableFields();

// Paths of the updatable fields in which two leads differ: "owner", "attributes.industry".
std::vector<std::string> ChangedPaths(const v1::Lead& before, const v1::Lead& after);

}  // namespace finalmile::leads::handlers
