#include "libs/app/settings.h"

#include <fmt/format.h>

#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <utility>

#include "libs/app/traces.h"
#include "libs/rpc/answer.h"
#include "libs/rpc/listen_address.h"

namespace finalmile::app {

config::Schema SchemaFor(const std::vector<const ModuleSpec*>& modules) {
  config::Schema schema;
  schema.Path("data", DefaultDataFolder(), "folder of the embedded store and event log; made when absent");
  constexpr std::string_view kStoreHelp =
      "store, sqlite:PATH or postgresql://…; empty: a SQLite file in the data folder";
  for (const ModuleSpec* module : modules)
    schema.Url(StoreSetting(module->name, modules.size()), "", kStoreHelp);
  schema.Url("events", "", "event log, local:PATH or kafka://host:port,…; empty: a file in the data folder")
      .String("listen", "127.0.0.1:7000",
              "address of the gRPC server as host:port (port 0: any free one); loopback only without a "
              "tokens file")
      .String("admin", "127.0.0.1:7001",
              "address of /metrics, /livez, /readyz and /version over HTTP as host:port (port 0: any free "
              "one); empty: none")
      .Path("tokens-file", "", "bearer tokens of callers; empty: every caller is the local admin")
      .Int("threads", 16, 1, 256, "threads that answer calls")
      .Int("max-connections", 2000, 1, 100'000, "connections of callers that may be open at once")
      .Bytes("max-message", 4 << 20, 1 << 10, 64 << 20, "largest request message")
      .Bytes("max-answer", rpc::kDefaultMaxAnswer, 64 << 10, 64 << 20,
             "largest message of an answer; lists end their pages earlier. Clients take 4 MiB by default")
      .Duration("drain", absl::Seconds(20), absl::ZeroDuration(), absl::Minutes(10),
                "how long running calls may go on after SIGTERM")
      .Duration("lame-duck", absl::Seconds(5), absl::ZeroDuration(), absl::Minutes(5),
                "how long calls are still answered after SIGTERM while health says NOT_SERVING, so that "
                "clients leave first; 0 unless it is given when the server listens on loopback only")
      .Duration("connection-age", absl::Minutes(10), absl::Seconds(1), absl::Hours(24),
                "after how long a client is told to connect again, so that it finds new replicas")
      .Duration("stuck-after", absl::Minutes(2), absl::Seconds(1), absl::Hours(1),
                "how long one piece of background work may take before /livez fails")
      .Choice("log-level", "info", {"debug", "info", "warning", "error"}, "least severity that is logged")
      .Choice("log-format", "auto", {"auto", "json", "text"},
              "form of the log; auto: text on a terminal, else JSON");
  Traces::Declare(schema);
  for (const ModuleSpec* module : modules) {
    if (module->declare) module->declare(schema);
  }
  return schema;
}

std::string DefaultDataFolder() {
  if (const char* folder = std::getenv("XDG_DATA_HOME"); folder != nullptr && *folder == '/') {
    return fmt::format("{}/finalmile", folder);
  }
  if (const char* home = std::getenv("HOME"); home != nullptr && *home == '/') {
    return fmt::format("{}/.local/share/finalmile", home);
  }
  return "finalmile-data";
}

std::string StoreSetting(std::string_view module, size_t modules) {
  return modules == 1 ? "store" : fmt::format("{}-store", module);
}

std::string StoreUrl(const config::Config& config, std::string_view module, size_t modules) {
  const std::string& url = config.Text(StoreSetting(module, modules));
  return url.empty() ? fmt::format("sqlite:{}/{}.db", config.Text("data"), module) : url;
}

std::string EventsUrl(const config::Config& config) {
  const std::string& url = config.Text("events");
  return url.empty() ? fmt::format("local:{}/events.db", config.Text("data")) : url;
}

std::string_view EmbeddedPath(std::string_view url) {
  for (const std::string_view scheme : {"sqlite:", "local:"}) {
    if (url.starts_with(scheme)) return url.substr(scheme.size());
  }
  return {};
}

telemetry::LoggerOptions LoggerOptionsFrom(const config::Config& config, std::FILE* output) {
  telemetry::LoggerOptions options;
  options.output = output;
  const std::string& level = config.Text("log-level");
  options.level = level == "debug"     ? Severity::kDebug
                  : level == "info"    ? Severity::kInfo
                  : level == "warning" ? Severity::kWarning
                                       : Severity::kError;
  const std::string& format = config.Text("log-format");
  options.format = format == "json"   ? telemetry::LogFormat::kJson
                   : format == "text" ? telemetry::LogFormat::kText
                                      : telemetry::FormatFor(output);
  return options;
}

absl::Duration LameDuckOf(const config::Config& config) {
  const auto listen = rpc::ParseListenAddress(config.Text("listen"));
  const bool given = config.source("lame-duck") != config::Source::kDefault;
  const bool loopback = listen.ok() && listen->loopback;
  return given || !loopback ? config.Duration("lame-duck") : absl::ZeroDuration();
}

std::string Reachable(std::string_view address) {
  for (const auto& [wildcard, loopback] :
       {std::pair<std::string_view, std::string_view>{"0.0.0.0:", "127.0.0.1:"}, {"[::]:", "[::1]:"}}) {
    if (address.starts_with(wildcard)) return fmt::format("{}{}", loopback, address.substr(wildcard.size()));
  }
  return std::string(address);
}

absl::Status MakeFolderOf(std::string_view url) {
  const std::filesystem::path folder = std::filesystem::path(EmbeddedPath(url)).parent_path();
  if (folder.empty()) return absl::OkStatus();
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (!error && access(folder.c_str(), W_OK | X_OK) != 0)
    error = std::error_code(errno, std::generic_category());
  if (!error) return absl::OkStatus();
  return absl::FailedPreconditionError(
      fmt::format("cannot write to the folder {}: {}; give another one with --data", folder.string(),
                  std::strerror(error.value())));
}

}  // namespace finalmile::app
