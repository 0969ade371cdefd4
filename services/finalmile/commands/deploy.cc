#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

#include "libs/app/deployment.h"
#include "libs/app/settings.h"
#include "libs/base/status.h"
#include "libs/outbox/resequence.h"
#include "libs/outbox/topic.h"
#include "libs/storage/database.h"
#include "services/finalmile/commands/commands.h"
#include "services/finalmile/local_suite.h"
#include "services/finalmile/output/format.h"

namespace finalmile::cli {
namespace {

absl::Status MakeFolderOf(std::string_view path) {
  const std::filesystem::path folder = std::filesystem::path(path).parent_path();
  std::error_code error;
  if (!folder.empty()) std::filesystem::create_directories(folder, error);
  if (!error) return absl::OkStatus();
  return absl::FailedPreconditionError(
      fmt::format("{}: cannot be made: {}", folder.string(), error.message()));
}

absl::StatusOr<ExitCode> Migrate(Session& session) {
  const config::Assignments settings = session.connector.Settings();
  ASSIGN_OR_RETURN(const config::Config config, SuiteConfig(settings));
  ASSIGN_OR_RETURN(const std::vector<const app::ModuleSpec*> modules, ModulesNamed(NamedService(settings)));
  for (const app::ModuleSpec* module : modules) {
    const std::string url = app::StoreUrl(config, module->name, Modules().size());
    if (const std::string_view path = app::EmbeddedPath(url); !path.empty())
      RETURN_IF_ERROR(MakeFolderOf(path));
    ASSIGN_OR_RETURN(const auto database, storage::Open(url, session.clock, {.connections = 2}));
    RETURN_IF_ERROR(app::MigrateStore(*module, *database, session.clock));
    const int version = module->migrations.empty() ? 0 : module->migrations.back().version;
    if (session.output.json()) {
      session.output.Json(
          nlohmann::ordered_json::object({{"service", module->name}, {"schema_version", version}}));
    } else {
      session.output.Line(fmt::format("{}: the store has schema version {}", module->name, version));
    }
  }
  return ExitCode::kOk;
}

Action DeclareMigrate(Flags&) {
  return [](Session& session) { return Migrate(session); };
}

absl::StatusOr<ExitCode> Resequence(Session& session) {
  const config::Assignments settings = session.connector.Settings();
  ASSIGN_OR_RETURN(const config::Config config, SuiteConfig(settings));
  ASSIGN_OR_RETURN(const std::vector<const app::ModuleSpec*> modules, ModulesNamed(NamedService(settings)));
  ASSIGN_OR_RETURN(events::EventLog * log, session.connector.Events());
  for (const app::ModuleSpec* module : modules) {
    ASSIGN_OR_RETURN(const auto database, storage::Open(app::StoreUrl(config, module->name, Modules().size()),
                                                        session.clock, {.connections = 2}));
    RETURN_IF_ERROR(app::CheckStore(*module, *database, session.clock));
    const absl::Duration begin = session.clock.Steady();
    const auto show = [&](const outbox::Resequenced& counts) {
      const double spent = absl::ToDoubleSeconds(session.clock.Steady() - begin);
      session.output.Progress(fmt::format("{}: {} events read, {:.0f} events/s", module->name,
                                          FormatCount(counts.records),
                                          static_cast<double>(counts.records) / std::max(spent, 0.001)));
    };
    const absl::StatusOr<outbox::Resequenced> counts =
        outbox::Resequence(module->name, *database, *log, outbox::TopicOf(*module->event()).name,
                           module->aggregates, session.clock, session.timeout, show);
    session.output.Progress("");
    RETURN_IF_ERROR(counts.status());
    if (session.output.json()) {
      session.output.Json(nlohmann::ordered_json::object({{"service", module->name},
                                                          {"events", counts->records},
                                                          {"unknown_to_the_store", counts->unknown},
                                                          {"of_absent_aggregates", counts->absent},
                                                          {"of_no_aggregate", counts->others}}));
    } else {
      session.output.Line(fmt::format(
          "{}: {} events read; the store did not know {} of them, and does not hold what {} are about",
          module->name, FormatCount(counts->records), FormatCount(counts->unknown),
          FormatCount(counts->absent)));
    }
  }
  return ExitCode::kOk;
}

Action DeclareResequence(Flags&) {
  return [](Session& session) { return Resequence(session); };
}

struct ApplyFlags {
  int64_t partitions = 0;
  int64_t replication = 1;
};

absl::StatusOr<ExitCode> ApplyTopics(Session& session, const ApplyFlags& flags) {
  ASSIGN_OR_RETURN(std::vector<events::TopicSpec> topics, app::TopicsOf(Modules()));
  for (events::TopicSpec& topic : topics) {
    if (flags.partitions > 0) topic.partitions = static_cast<int32_t>(flags.partitions);
    topic.replication = static_cast<int16_t>(flags.replication);
  }
  ASSIGN_OR_RETURN(events::EventLog * log, session.connector.Events());
  RETURN_IF_ERROR(log->ApplyTopics(topics, session.clock.Steady() + session.timeout));
  for (const events::TopicSpec& topic : topics) {
    if (session.output.json()) {
      session.output.Json(
          nlohmann::ordered_json::object({{"topic", topic.name}, {"partitions", topic.partitions}}));
    } else {
      session.output.Line(fmt::format("{}: {} partitions", topic.name, topic.partitions));
    }
  }
  return ExitCode::kOk;
}

Action DeclareApply(Flags& flags) {
  auto given = std::make_shared<ApplyFlags>();
  flags.Number("--partitions", given->partitions, 0, 10'000,
               "of every topic, fixed for ever; 0: as each service wants");
  flags.Number("--replication", given->replication, 1, 100, "copies of every partition (Kafka)");
  return [given](Session& session) { return ApplyTopics(session, *given); };
}

}  // namespace

void AddDeploy(std::vector<Verb>& verbs) {
  verbs.push_back({"topics apply", "make the topics that are absent",
                   "finalmile topics apply --events kafka://broker:9092 --replication 3", DeclareApply});
  verbs.push_back({"migrate", "bring the services' stores, or that of --service, to their schema",
                   "finalmile migrate --service leads --store postgresql://leads@db/leads", DeclareMigrate});
  verbs.push_back({"resequence", "after a restore: count events on from where the topics of the services end",
                   "finalmile resequence --service leads --store postgresql://leads@db/leads --events "
                   "kafka://broker:9092",
                   DeclareResequence});
}

}  // namespace finalmile::cli
