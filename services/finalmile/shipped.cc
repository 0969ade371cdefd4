#include "services/finalmile/shipped.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <span>

#include "libs/base/status.h"
#include "libs/config/embedded.h"
#include "libs/config/file.h"
#include "libs/config/yaml_message.h"
#include "libs/text/normal.h"

namespace finalmile::cli {

// Defined by the build (finalmile_embed).
std::span<const config::EmbeddedFile> ShippedMappings();
std::span<const config::EmbeddedFile> ShippedPolicies();

namespace {

using leads::v1::ImportMapping;
using leads::v1::Policy;

std::string Names(std::span<const config::EmbeddedFile> files) {
  std::string names;
  for (const auto& file : files) names += (names.empty() ? "" : ", ") + std::string(file.name);
  return names;
}

template <class Message>
absl::StatusOr<Message> Load(const std::string& name, std::span<const config::EmbeddedFile> shipped,
                             std::string_view kind) {
  Message message;
  for (const auto& file : shipped) {
    if (file.name == name) {
      RETURN_IF_ERROR(config::ParseYamlMessage(file.content, file.name, message));
      return message;
    }
  }
  if (name.find_first_of("/.") == std::string::npos) {
    return absl::NotFoundError(fmt::format("there is no {} '{}'; give the path of a YAML file, or one of {}",
                                           kind, name, Names(shipped)));
  }
  ASSIGN_OR_RETURN(const std::string content, config::ReadFile(name));
  RETURN_IF_ERROR(config::ParseYamlMessage(content, name, message));
  return message;
}

}  // namespace

absl::StatusOr<ImportMapping> LoadMapping(const std::string& name) {
  return Load<ImportMapping>(name, ShippedMappings(), "mapping");
}

absl::StatusOr<Policy> LoadPolicy(const std::string& name) {
  ASSIGN_OR_RETURN(std::optional<ShippedPolicy> shipped, FindShippedPolicy(name));
  if (shipped) return std::move(shipped->policy);
  return Load<Policy>(name, ShippedPolicies(), "policy");
}

absl::StatusOr<std::optional<ShippedPolicy>> FindShippedPolicy(std::string_view name) {
  constexpr std::string_view kPrefix = "policies/";
  if (name.starts_with(kPrefix)) name.remove_prefix(kPrefix.size());
  ASSIGN_OR_RETURN(std::vector<ShippedPolicy> all, AllShippedPolicies());
  for (ShippedPolicy& shipped : all) {
    if (shipped.policy.name() == fmt::format("{}{}", kPrefix, name)) return std::move(shipped);
  }
  return std::nullopt;
}

absl::StatusOr<std::vector<ShippedPolicy>> AllShippedPolicies() {
  std::vector<ShippedPolicy> all;
  for (const auto& file : ShippedPolicies()) {
    ShippedPolicy& shipped = all.emplace_back();
    shipped.file = std::string(file.content);
    RETURN_IF_ERROR(config::ParseYamlMessage(shipped.file, file.name, shipped.policy));
  }
  return all;
}

std::multiset<std::string> ColumnsOf(const ImportMapping& mapping) {
  std::multiset<std::string> columns;
  const auto add = [&](const std::string& column) {
    if (std::string name = text::Comparable(column); !name.empty()) columns.insert(std::move(name));
  };
  for (const std::string& column : mapping.ignore()) add(column);
  for (const std::string& column : mapping.after_contact()) add(column);
  for (const auto& column : mapping.attributes()) add(column.column());
  for (const auto& column : mapping.fields()) add(column.column());
  for (const auto& column : mapping.activities()) add(column.column());
  for (const auto& column : mapping.permissions()) add(column.column());
  for (const auto& column : mapping.gates()) add(column.column());
  for (const std::string& column : {mapping.id_column(), mapping.outcome().column()}) add(column);
  // One column of times may date several things.
  std::set<std::string> times = {mapping.activity_time().column(), mapping.arrival_time().column(),
                                 mapping.outcome_time().column()};
  for (const auto& column : mapping.permissions()) times.insert(column.time_column());
  for (const std::string& column : times) add(column);
  return columns;
}

std::string ShippedMappingNames() { return Names(ShippedMappings()); }
std::string ShippedPolicyNames() { return Names(ShippedPolicies()); }

std::string ShippedMappingFor(const std::vector<std::string>& columns, char delimiter) {
  std::multiset<std::string> wanted;
  for (const std::string& column : columns) {
    if (std::string name = text::Comparable(column); !name.empty()) wanted.insert(std::move(name));
  }
  for (const auto& file : ShippedMappings()) {
    const absl::StatusOr<ImportMapping> mapping = LoadMapping(std::string(file.name));
    if (!mapping.ok()) continue;
    const char its = mapping->delimiter().empty() ? ',' : mapping->delimiter()[0];
    if (its == delimiter && ColumnsOf(*mapping) == wanted) return std::string(file.name);
  }
  return "";
}

std::string ShippedPolicyFor(const std::string& mapping) {
  for (const auto& file : ShippedPolicies()) {
    if (file.name.substr(0, file.name.rfind('-')) == mapping) return std::string(file.name);
  }
  return "";
}

}  // namespace finalmile::cli
