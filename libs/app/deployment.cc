#include "libs/app/deployment.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>

#include "libs/base/status.h"
#include "libs/outbox/schema.h"
#include "libs/outbox/topic.h"

namespace finalmile::app {

namespace {

constexpr std::string_view kLibraries[] = {"outbox"};

}  // namespace

storage::StoreNeeds NeedsOf(const ModuleSpec& module) {
  return {{module.name, kLibraries}, {{"outbox", outbox::Migrations()}, {module.name, module.migrations}}};
}

absl::Status MigrateStore(const ModuleSpec& module, storage::Database& database, Clock& clock) {
  const storage::StoreNeeds needs = NeedsOf(module);
  for (const auto& [component, migrations] : needs.components)
    RETURN_IF_ERROR(storage::Migrate(database, clock, component, migrations, needs.owner));
  return absl::OkStatus();
}

absl::Status CheckStore(const ModuleSpec& module, storage::Database& database, Clock& clock) {
  const storage::StoreNeeds needs = NeedsOf(module);
  for (const auto& [component, migrations] : needs.components)
    RETURN_IF_ERROR(storage::CheckSchema(database, clock, component, migrations, needs.owner));
  return absl::OkStatus();
}

absl::StatusOr<std::vector<events::TopicSpec>> TopicsOf(const std::vector<const ModuleSpec*>& modules) {
  std::map<std::string, const google::protobuf::Descriptor*> messages;
  std::vector<events::TopicSpec> topics;
  for (const ModuleSpec* module : modules) {
    for (const MessageType type : module->topics) {
      events::TopicSpec topic = outbox::TopicOf(*type());
      const auto [known, added] = messages.emplace(topic.name, type());
      if (added) {
        topics.push_back(std::move(topic));
      } else if (known->second != type()) {
        return absl::FailedPreconditionError(fmt::format("topic {} is that of {} and of {}", topic.name,
                                                         known->second->full_name(), type()->full_name()));
      }
    }
  }
  std::sort(topics.begin(), topics.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  return topics;
}

absl::Status CheckTopics(const std::vector<events::TopicSpec>& topics, events::EventLog& log,
                         absl::Duration deadline) {
  ASSIGN_OR_RETURN(const std::vector<events::TopicSpec> existing, log.ListTopics(deadline));
  std::set<std::string> names;
  for (const events::TopicSpec& topic : existing) names.insert(topic.name);
  std::vector<std::string> missing;
  for (const events::TopicSpec& topic : topics) {
    if (!names.contains(topic.name)) missing.push_back(topic.name);
  }
  if (missing.empty()) return absl::OkStatus();
  return absl::FailedPreconditionError(
      fmt::format("{} {} {} missing: run `finalmile topics apply`", missing.size() == 1 ? "topic" : "topics",
                  fmt::join(missing, ", "), missing.size() == 1 ? "is" : "are"));
}

}  // namespace finalmile::app
