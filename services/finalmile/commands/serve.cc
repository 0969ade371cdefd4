#include <fmt/format.h>

#include <memory>
#include <string_view>
#include <utility>

#include "absl/strings/str_split.h"
#include "libs/app/run_service.h"
#include "libs/app/signals.h"
#include "libs/app/version.h"
#include "libs/base/address.h"
#include "libs/base/status.h"
#include "services/finalmile/commands/commands.h"
#include "services/finalmile/commands/setting_flags.h"
#include "services/finalmile/local_suite.h"

namespace finalmile::cli {
namespace {

struct ServeFlags {
  SettingFlags settings;
  bool print_config = false;
};

// One service, as the program of its name runs it.
ExitCode ServeOne(const app::ModuleSpec& module, const config::Assignments& settings, bool print_config) {
  std::vector<std::string> arguments = {fmt::format("finalmile-{}", module.name)};
  for (const auto& [name, value] : settings) {
    if (name != "service") arguments.push_back(fmt::format("--{}={}", name, value));
  }
  if (print_config) arguments.emplace_back("--print-config");
  std::vector<char*> argv;
  argv.reserve(arguments.size());
  for (std::string& argument : arguments) argv.push_back(argument.data());
  return static_cast<ExitCode>(app::RunService(static_cast<int>(argv.size()), argv.data(), module));
}

absl::StatusOr<ExitCode> Serve(Session& session, const ServeFlags& flags) {
  config::Assignments settings = session.connector.Settings();
  AddSettings(flags.settings, settings);
  if (const std::string_view service = NamedService(settings); !service.empty()) {
    ASSIGN_OR_RETURN(const std::vector<const app::ModuleSpec*> named, ModulesNamed(service));
    return ServeOne(*named.front(), settings, flags.print_config);
  }
  // Before any thread: all of them leave the signals to Wait.
  app::StopSignals signals;
  ASSIGN_OR_RETURN(config::Config config, SuiteConfig(settings));
  Output& output = session.output;
  if (flags.print_config) {
    const std::vector<std::string> lines = absl::StrSplit(config.Describe(), '\n', absl::SkipEmpty());
    for (const std::string& line : lines) output.Line(line);
    return ExitCode::kOk;
  }
  auto started = app::Suite::Start({.modules = Modules(),
                                    .config = std::move(config),
                                    .patience = absl::InfiniteDuration(),
                                    .stop = &signals.stopped()});
  if (absl::IsCancelled(started.status())) return ExitCode::kOk;
  ASSIGN_OR_RETURN(const auto suite, std::move(started));
  std::vector<std::string> stores;
  for (const auto& [service, store] : suite->stores())
    stores.push_back(fmt::format("{} {}", service, ShownAddress(store)));
  output.Line(fmt::format(
      "finalmile {} serves on {}; stores {}; events {}; admin {}", app::Version(), suite->address(),
      fmt::join(stores, ", "), ShownAddress(suite->events()),
      suite->admin_address().empty() ? "none" : fmt::format("http://{}", suite->admin_address())));
  output.Flush();
  signals.Wait();
  suite->Stop();
  return ExitCode::kOk;
}

Action Declare(Flags& flags) {
  auto given = std::make_shared<ServeFlags>();
  DeclareSettings(flags, given->settings);
  flags.Switch("--print-config", given->print_config, "print every setting with its source, and end");
  return [given](Session& session) { return Serve(session, *given); };
}

}  // namespace

void AddServe(std::vector<Verb>& verbs) {
  verbs.push_back(
      {"serve", "run all services, or the one that --service names, with every setting of a service",
       "finalmile serve --data /var/lib/finalmile --listen 0.0.0.0:7000 --tokens-file tokens", Declare});
}

}  // namespace finalmile::cli
