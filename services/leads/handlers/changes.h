#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "finalmile/leads/v1/lead.pb.h"

namespace finalmile::leads::handlers {

// The fields of Lead that callers set. Attributes come last: their entries have paths of their own.
inline constexpr std::string_view kUpdatable[] = {
    "external_ids", "given_name", "family_name", "email",    "phone",       "company", "company_domain",
    "gates",        "owner",      "lead_source", "campaign", "permissions", "outcome", "attributes"};

// Paths of the updatable fields in which two leads differ: "owner", "attributes.industry".
std::vector<std::string> ChangedPaths(const v1::Lead& before, const v1::Lead& after);

}  // namespace finalmile::leads::handlers
