#include "services/finalmile/run.h"

#include <fmt/format.h>
#include <google/protobuf/stubs/logging.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <string>
#include <vector>

#include "libs/app/run_service.h"
#include "libs/app/standard_streams.h"
#include "services/finalmile/command_line.h"
#include "services/finalmile/connection.h"
#include "services/finalmile/local_suite.h"
#include "services/finalmile/output/text.h"
#include "services/finalmile/role_refusal.h"

namespace finalmile::cli {
namespace {

size_t TerminalWidth() {
  winsize size{};
  return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

OutputOptions OptionsFor(bool json) {
  OutputOptions options;
  options.json = json;
  const bool terminal = isatty(STDOUT_FILENO) == 1;
  const char* no_colour = std::getenv("NO_COLOR");
  options.colour = terminal && (no_colour == nullptr || *no_colour == '\0');
  options.width = terminal ? TerminalWidth() : 0;
  options.progress = isatty(STDERR_FILENO) == 1;
  options.zone = absl::LocalTimeZone();
  return options;
}

// The service that is run under this name of the program; null: none.
const app::ModuleSpec* ServiceOf(const std::filesystem::path& program) {
  for (const app::ModuleSpec* module : Modules()) {
    if (program.filename() == fmt::format("finalmile-{}", module->name)) return module;
  }
  return nullptr;
}

ExitCode Run(const std::vector<std::string>& arguments) {
  // A reader that leaves early (head) ends a write with an error, not the process in the middle of a
  // transaction.
  std::signal(SIGPIPE, SIG_IGN);
  // protobuf's own lines about malformed input are as many as a caller likes; our errors say it.
  google::protobuf::SetLogHandler(nullptr);
  app::HoldStandardStreams();
  const CommandLine line = ParseCommandLine(AllVerbs(), arguments);
  if (!line.action) {
    if (line.exit_code != ExitCode::kOk) {
      std::cerr << PrintableLines(line.text);
      return line.exit_code;
    }
    std::cout << line.text << std::flush;
    if (std::cout) return ExitCode::kOk;
    std::cerr << "finalmile: standard output is full or closed\n";
    return ExitCode::kFailed;
  }
  const std::unique_ptr<Clock> clock = NewSystemClock();
  const std::unique_ptr<Rng> rng = NewSystemRng();
  Output output(std::cout, std::cerr, *clock, OptionsFor(line.common.json));
  absl::StatusOr<ExitCode> code = ExitCode::kOk;
  {
    SuiteConnector connector(line.common, *clock, *rng);
    Session session{output, std::cin, *clock, *rng, connector, absl::Seconds(line.common.timeout_seconds)};
    code = line.action(session);
  }
  const absl::Status written = output.Written();
  if (code.ok() && !written.ok()) code = written;
  if (code.ok()) return *code;
  std::cerr << "finalmile: " << ErrorLine(InWordsOf(line.path, code.status())) << '\n';
  return written.ok() ? ExitCodeOf(code.status()) : ExitCode::kFailed;
}

}  // namespace

int Main(int argc, char** argv) {
  const std::vector<std::string> words(argv, argv + argc);
  if (words.empty()) return static_cast<int>(Run({}));
  if (const app::ModuleSpec* service = ServiceOf(words.front())) return app::RunService(argc, argv, *service);
  return static_cast<int>(Run({words.begin() + 1, words.end()}));
}

}  // namespace finalmile::cli
