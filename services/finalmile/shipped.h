#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "finalmile/leads/v1/import.pb.h"
#include "finalmile/leads/v1/policy.pb.h"

// Mappings and policies from YAML files: the caller's, or those built into the program.
namespace finalmile::cli {

// The mapping in the file `name`, or the one of that name that comes with the program. A name with a slash or
// a dot is a path; that of a policy may begin with policies/. NOT_FOUND lists the names; INVALID_ARGUMENT
// names file, line and key.
absl::StatusOr<leads::v1::ImportMapping> LoadMapping(const std::string& name);
absl::StatusOr<leads::v1::Policy> LoadPolicy(const std::string& name);

// A policy that comes with the program.
struct ShippedPolicy {
  leads::v1::Policy policy;
  // Its YAML file, with the comments.
  std::string file;
};
// By name, "policies/x-education-1" or without the prefix. Nullopt: there is none.
absl::StatusOr<std::optional<ShippedPolicy>> FindShippedPolicy(std::string_view name);
// All of them, in order of name.
absl::StatusOr<std::vector<ShippedPolicy>> AllShippedPolicies();

// "bank-marketing, x-education".
std::string ShippedMappingNames();
std::string ShippedPolicyNames();

// The columns that a mapping names, as text::Comparable gives them.
std::multiset<std::string> ColumnsOf(const leads::v1::ImportMapping& mapping);

// The shipped mapping whose columns are exactly `columns` (names as above; columns without one aside), in any
// order; empty: there is none.
std::string ShippedMappingFor(const std::vector<std::string>& columns, char delimiter);
// The shipped policy made for the columns of a shipped mapping; empty: there is none.
std::string ShippedPolicyFor(const std::string& mapping);

}  // namespace finalmile::cli
