#include "libs/app/deployment.h"

#include <fmt/format.h>

#include <map>
#include <set>
#include <string>

#include "libs/base/status.h"
#include "libs/outbox/schema.h"

namespace finalmile::app {

namespace {

constexpr std::string_view kLibraries[] = {"outbox"};

}  // namespace

absl::Status MigrateStore(const ModuleSpec& module, storage::Database& database, Clock& clock) {
  const storage::Owner owner{module.name, kLibraries};
  RETURN_IF_ERROR(storage::Migrate(database, clock, "outbox", outbox::Migrations(), owner));
  return storage::Migrate(database, clock, module.name, module.migrations, owner);
}

absl::Status CheckStore(const ModuleSpec& module, storage::Database& database, Clock& clock) {
  const storage::Owner owner{module.name, kLibraries};
  RETURN_IF_ERROR(storage::CheckSchema(database, clock, "outbox", outbox::Migrations(), owner));
  return storage::CheckSchema(database, clock, module.name, module.migrations, owner);
}

absl::StatusOr<std::vector<events::TopicSpec>> TopicsOf(const std::vector<const ModuleSpec*>& modules) {
  std::map<std::string, events::TopicSpec> topics;
  for (const ModuleSpec* module : modules) {
    for (const events::TopicSpec& topic : module->topics) {
      const auto [known, added] = topics.emplace(topic.name, topic);
      if (!added &&
          (known->second.partitions != topic.partitions || known->second.retention != topic.retention)) {
        return absl::FailedPreconditionError(
            fmt::format("topic {} is described differently by two services; {} is one of them", topic.name,
                        module->name));
      }
    }
  }
  std::vector<events::TopicSpec> list;
  for (auto& [name, topic] : topics) list.push_back(std::move(topic));
  return list;
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
