#include "libs/app/run_service.h"

#include <fmt/format.h>
#include <google/protobuf/stubs/logging.h>

#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include "libs/app/exit_codes.h"
#include "libs/app/settings.h"
#include "libs/app/signals.h"
#include "libs/app/standard_streams.h"
#include "libs/app/suite.h"
#include "libs/app/version.h"
#include "libs/base/address.h"

namespace finalmile::app {
namespace {

int Fail(std::string_view program, const absl::Status& status, ExitCode code) {
  fmt::print(stderr, "{}: {}\n", program, std::string(status.message()));
  return code;
}

// The exit code after what was asked for was printed.
int Printed(std::string_view program) {
  if (std::fflush(stdout) == 0) return kExitOk;
  return Fail(program, absl::DataLossError("standard output is full or closed"), kExitFailure);
}

}  // namespace

int RunService(int argc, char** argv, const ModuleSpec& module) {
  HoldStandardStreams();
  // protobuf's own lines about malformed input are no JSON, and as many as a caller likes; our errors say it.
  google::protobuf::SetLogHandler(nullptr);
  StopSignals signals;
  const std::string program = fmt::format("finalmile-{}", module.name);
  const config::Schema schema = SchemaFor({&module});
  const auto line = config::ParseFlags(schema, std::vector<std::string>(argv + 1, argv + argc));
  if (!line.ok()) return Fail(program, line.status(), kExitUsage);
  if (line->help) {
    fmt::print(
        "The {} service of FinalMile.\n\nusage: {} [--setting value]… [--print-config] [--version]\n\n"
        "A setting NAME may also stand in the environment as FINALMILE_NAME or in the configuration file; a "
        "flag "
        "counts more than the environment, and the environment more than the file.\n\n{}",
        module.name, program, schema.Describe());
    return Printed(program);
  }
  if (line->version) {
    fmt::print("{} {}\n", program, Version());
    return Printed(program);
  }
  config::Assignments environment = config::ReadEnvironment();
  // Whoever uses the command line in this shell may have told it where to call.
  std::erase_if(environment, [](const auto& variable) {
    return variable.first == "FINALMILE_ADDRESS" || variable.first == "FINALMILE_TOKEN_FILE";
  });
  auto config = config::Load(schema, line->settings, environment);
  if (!config.ok()) return Fail(program, config.status(), kExitUsage);
  if (line->print_config) {
    fmt::print("{}", config->Describe());
    return Printed(program);
  }
  auto suite = Suite::Start({.modules = {&module},
                             .config = *std::move(config),
                             .patience = absl::InfiniteDuration(),
                             .stop = &signals.stopped()});
  if (absl::IsCancelled(suite.status())) return kExitOk;
  if (!suite.ok()) {
    return Fail(program, suite.status(), absl::IsInvalidArgument(suite.status()) ? kExitUsage : kExitFailure);
  }
  fmt::print(
      "{} {} serves on {}; store {}; events {}; admin {}\n", program, Version(), (*suite)->address(),
      ShownAddress((*suite)->stores().begin()->second), ShownAddress((*suite)->events()),
      (*suite)->admin_address().empty() ? "none" : fmt::format("http://{}", (*suite)->admin_address()));
  std::fflush(stdout);
  signals.Wait();
  (*suite)->Stop();
  return kExitOk;
}

}  // namespace finalmile::app
