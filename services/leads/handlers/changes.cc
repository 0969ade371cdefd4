#include "services/leads/handlers/changes.h"

#include <algorithm>

#include "google/protobuf/util/message_differencer.h"

namespace finalmile::leads::handlers {

std::vector<std::string> ChangedPaths(const v1::Lead& before, const v1::Lead& after) {
  std::vector<std::string> paths;
  for (std::string_view field : kUpdatable) {
    const auto* descriptor = v1::Lead::descriptor()->FindFieldByName(std::string(field));
    google::protobuf::util::MessageDifferencer differencer;
    if (!differencer.CompareWithFields(before, after, {descriptor}, {descriptor})) paths.emplace_back(field);
  }
  if (paths.empty() || paths.back() != "attributes") return paths;
  paths.pop_back();
  auto differs = [](const v1::Lead& from, const v1::Lead& to, const std::string& name) {
    const auto found = to.attributes().find(name);
    return found == to.attributes().end() ||
           !google::protobuf::util::MessageDifferencer::Equals(from.attributes().at(name), found->second);
  };
  std::vector<std::string> names;
  for (const auto& [name, value] : before.attributes()) {
    if (differs(before, after, name)) names.push_back(name);
  }
  for (const auto& [name, value] : after.attributes()) {
    if (!before.attributes().contains(name)) names.push_back(name);
  }
  std::sort(names.begin(), names.end());
  for (const std::string& name : names) paths.push_back("attributes." + name);
  return paths;
}

}  // namespace finalmile::leads::handlers
