#include <fmt/format.h>

#include <memory>

#include "libs/app/signals.h"
#include "libs/base/address.h"
#include "libs/base/status.h"
#include "services/finalmile/commands/commands.h"
#include "services/finalmile/local_suite.h"

namespace finalmile::cli {
namespace {

struct DevFlags {
  std::string listen;
  std::string admin;
  std::string tokens_file;
  std::string log_level = "warning";
};

absl::StatusOr<ExitCode> Dev(Session& session, const DevFlags& flags) {
  // Before any thread: all of them leave the signals to Wait.
  app::StopSignals signals;
  config::Assignments settings = session.connector.Settings();
  // Soon enough for a person at a terminal.
  settings.emplace_back("drain", "2s");
  settings.emplace_back("log-level", flags.log_level);
  if (!flags.listen.empty()) settings.emplace_back("listen", flags.listen);
  if (!flags.admin.empty()) settings.emplace_back("admin", flags.admin);
  if (!flags.tokens_file.empty()) settings.emplace_back("tokens-file", flags.tokens_file);
  ASSIGN_OR_RETURN(config::Config config, SuiteConfig(settings));
  ASSIGN_OR_RETURN(const auto suite, app::Suite::Start({.modules = Modules(), .config = std::move(config)}));

  Output& output = session.output;
  output.Line(fmt::format("The suite serves on {}.", suite->address()));
  for (const auto& [service, store] : suite->stores())
    output.Line(fmt::format("  {:10}{}", service, ShownAddress(store)));
  output.Line(fmt::format("  {:10}{}", "events", ShownAddress(suite->events())));
  if (!suite->admin_address().empty()) {
    output.Line(fmt::format("  {:10}http://{}/metrics, /livez, /readyz", "admin", suite->admin_address()));
  }
  output.Line();
  output.Line("In another terminal:");
  output.Line("  finalmile import leads.csv          leads from a CSV file");
  output.Line("  finalmile leads top --why           the best leads now, with reasons");
  output.Line("  finalmile import content/           sales content from a folder of Markdown");
  output.Line("  finalmile search pricing            what answers it");
  output.Line("  finalmile events tail               what happens, as it happens");
  output.Line();
  output.Line("Ctrl-C ends it.");
  output.Flush();
  signals.Wait();
  output.Note("Stopping.");
  suite->Stop();
  return ExitCode::kOk;
}

Action Declare(Flags& flags) {
  auto given = std::make_shared<DevFlags>();
  flags.Text("--listen", "HOST:PORT", given->listen, "address of the gRPC server (127.0.0.1:7000)");
  flags.Text("--admin", "HOST:PORT", given->admin,
             "address of /metrics and health over HTTP (127.0.0.1:7001)");
  flags.Text("--tokens-file", "FILE", given->tokens_file,
             "bearer tokens of callers; without one everybody on this machine is the admin");
  flags.Text("--log-level", "LEVEL", given->log_level, "debug, info, warning or error (warning)");
  return [given](Session& session) { return Dev(session, *given); };
}

}  // namespace

void AddDev(std::vector<Verb>& verbs) {
  verbs.push_back(
      {"dev", "run all services in this process, no server needed", "finalmile dev --data ./data", Declare});
}

}  // namespace finalmile::cli
