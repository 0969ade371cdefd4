#include "services/leads/handlers/updatable_fields.h"

#include <algorithm>

#include "google/protobuf/util/message_differencer.h"

namespace finalmile::leads::handlers {
namespace {

// The fields that the service sets.
constexpr std::string_view kOutputOnly[] = {"name",  "etag",  "create_time", "update_time",  "stage",
                                            "score", "cycle", "quiet_until", "opportunities"};

std::vector<std::string_view> FieldsOfCallers() {
  std::vector<std::string_view> fields;
  const auto& lead = *v1::Lead::descriptor();
  for (int i = 0; i < lead.field_count(); ++i) {
    const std::string& name = lead.field(i)->name();
    if (name != "attributes" && std::ranges::count(kOutputOnly, name) == 0) fields.push_back(name);
  }
  fields.emplace_back("attributes");
  return fields;
}

}  // namespace

std::span<const std::string_view> UpdatableFields() {
  static const auto& fields = *new std::vector(FieldsOfCallers());
  return fields;
}

std::vector<std::string> ChangedPaths(const v1::Lead& before, const v1::Lead& after) {
  std::vector<std::string> paths;
  for (std::string_view field : UpdatableFields()) {
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
