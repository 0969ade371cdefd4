#include <algorithm>
#include <cstdlib>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "libs/app/diagnose.h"
#include "libs/app/settings.h"
#include "libs/base/status.h"
#include "services/finalmile/commands/commands.h"
#include "services/finalmile/commands/doctor_suite.h"
#include "services/finalmile/commands/setting_flags.h"
#include "services/finalmile/commands/show_doctor.h"
#include "services/finalmile/local_suite.h"

namespace finalmile::cli {
namespace {

// How long one question to a server may take; --timeout shortens it.
constexpr absl::Duration kPatience = absl::Seconds(5);

struct DoctorFlags {
  SettingFlags settings;
  int64_t replicas = 2;
};

// The connector knows what a variable says as if a flag had: without those the variable itself is read, so
// that what is wrong is told by its name.
void LeaveToEnvironment(config::Assignments& settings, bool one_service) {
  std::erase_if(settings, [&](const auto& setting) {
    // No setting of a process that runs several services.
    if (setting.first == "store" && !one_service) return false;
    const char* variable = std::getenv(config::EnvironmentName(setting.first).c_str());
    return variable != nullptr && setting.second == variable;
  });
}

struct Plan {
  std::vector<const app::ModuleSpec*> modules;
  absl::StatusOr<config::Config> config;
};

// The settings of the service that --service names, as its program reads them, or of the suite in one
// process.
absl::StatusOr<Plan> PlanFor(Session& session, const DoctorFlags& flags) {
  config::Assignments settings = session.connector.Settings();
  const bool one = !NamedService(settings).empty();
  ASSIGN_OR_RETURN(std::vector<const app::ModuleSpec*> modules, ModulesNamed(NamedService(settings)));
  LeaveToEnvironment(settings, one);
  AddSettings(flags.settings, settings);
  auto config = one ? ServiceConfig(*modules.front(), settings) : SuiteConfig(settings);
  return Plan{std::move(modules), std::move(config)};
}

void DiagnoseThings(const Plan& plan, Clock& clock, int64_t replicas, absl::Duration patience,
                    DoctorReport& report) {
  const config::Config& config = *plan.config;
  report.Add(app::DiagnoseSettings(plan.modules, config));
  std::vector<std::pair<std::string_view, storage::ServerSessions>> sessions;
  for (const app::ModuleSpec* module : plan.modules) {
    storage::StoreDiagnosis store = app::DiagnoseStore(*module, plan.modules.size(), config, clock, patience);
    if (store.sessions) sessions.emplace_back(module->name, *store.sessions);
    report.Add({"store of " + std::string(module->name), std::move(store.findings)});
  }
  report.Add(app::DiagnoseSessions(sessions, config, replicas));
  report.Add(app::DiagnoseEvents(plan.modules, config, clock, patience));
  for (const app::ModuleSpec* module : plan.modules) {
    if (!module->diagnose) continue;
    for (FindingGroup& group : module->diagnose(config, clock, patience)) report.Add(std::move(group));
  }
}

absl::StatusOr<ExitCode> Doctor(Session& session, const DoctorFlags& flags) {
  ASSIGN_OR_RETURN(const Plan plan, PlanFor(session, flags));
  const absl::Duration patience = std::min(session.timeout, kPatience);
  DoctorReport report(session.output);
  if (plan.config.ok()) {
    DiagnoseThings(plan, session.clock, flags.replicas, patience, report);
  } else {
    FindingGroup settings{"settings",
                          {{Verdict::kFail, "settings", std::string(plan.config.status().message())}}};
    Skip({"stores", "events", "cache"}, "where they are is not known while a setting is wrong",
         settings.findings);
    report.Add(std::move(settings));
  }
  report.Add(DiagnoseSuite(session, patience));
  return report.Finish();
}

Action Declare(Flags& flags) {
  auto given = std::make_shared<DoctorFlags>();
  DeclareSettings(flags, given->settings);
  flags.Number("--replicas", given->replicas, 1, 1000,
               "processes of each service, for the sessions of PostgreSQL that they may take");
  return [given](Session& session) { return Doctor(session, *given); };
}

}  // namespace

void AddDoctor(std::vector<Verb>& verbs) {
  verbs.push_back(
      {"doctor", "whether everything that the suite, or --service, needs is as it should be",
       "finalmile doctor --service leads --store postgresql://leads@db/leads --events kafka://broker:9092",
       Declare});
}

}  // namespace finalmile::cli
