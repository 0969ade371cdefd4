#include "services/finalmile/local_suite.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include "finalmile/v1/operations_service.pb.h"
#include "libs/app/settings.h"
#include "libs/base/status.h"
#include "services/appointments/wiring.h"
#include "services/catalog/wiring.h"
#include "services/coaching/wiring.h"
#include "services/leads/wiring.h"

namespace finalmile::cli {
namespace {

constexpr absl::Duration kSettleWait = absl::Seconds(30);
constexpr absl::Duration kSettleRetry = absl::Milliseconds(5);

constexpr std::string_view kStoreVariable = "FINALMILE_STORE";

// The variables that are settings, not read by the command line alone or by tests.
config::Assignments SettingsOfEnvironment() {
  static const std::set<std::string, std::less<>> kNotSettings = {"FINALMILE_ADDRESS", "FINALMILE_TOKEN_FILE",
                                                                  "FINALMILE_AS"};
  config::Assignments environment = config::ReadEnvironment();
  std::erase_if(environment, [](const auto& variable) {
    return kNotSettings.contains(variable.first) || variable.first.starts_with("FINALMILE_SIM_") ||
           variable.first.starts_with("FINALMILE_CHAOS_");
  });
  return environment;
}

// "store" and "service" of `given` as the setting of that service.
absl::StatusOr<config::Assignments> NameStore(const config::Assignments& given) {
  config::Assignments settings;
  std::string service;
  std::optional<std::string> store;
  for (const auto& [name, value] : given) {
    if (name == "store") {
      store = value;
    } else if (name == "service") {
      service = value;
    } else {
      settings.emplace_back(name, value);
    }
  }
  ASSIGN_OR_RETURN(const std::vector<const app::ModuleSpec*> named, ModulesNamed(service));
  if (store && named.size() > 1) {
    return absl::InvalidArgumentError(
        "--store (or FINALMILE_STORE): every service has a store of its own; say with --service whose this "
        "is");
  }
  if (store) settings.emplace_back(app::StoreSetting(named.front()->name, Modules().size()), *store);
  return settings;
}

}  // namespace

const std::vector<const app::ModuleSpec*>& Modules() {
  static const std::vector<const app::ModuleSpec*> kModules = {&leads::kModule, &catalog::kModule,
                                                               &appointments::kModule, &coaching::kModule};
  return kModules;
}

std::string_view NamedService(const config::Assignments& settings) {
  const auto service = std::find_if(settings.begin(), settings.end(),
                                    [](const auto& setting) { return setting.first == "service"; });
  return service == settings.end() ? std::string_view() : service->second;
}

absl::StatusOr<std::vector<const app::ModuleSpec*>> ModulesNamed(std::string_view service) {
  if (service.empty()) return Modules();
  std::vector<std::string_view> names;
  for (const app::ModuleSpec* module : Modules()) {
    if (module->name == service) return std::vector<const app::ModuleSpec*>{module};
    names.push_back(module->name);
  }
  return absl::InvalidArgumentError(
      fmt::format("--service {}: must be one of {}", service, fmt::join(names, ", ")));
}

absl::StatusOr<config::Config> SuiteConfig(const config::Assignments& given) {
  config::Assignments environment = SettingsOfEnvironment();
  std::erase_if(environment, [](const auto& variable) { return variable.first == kStoreVariable; });
  ASSIGN_OR_RETURN(const config::Assignments settings, NameStore(given));
  return config::Load(app::SchemaFor(Modules()), settings, environment);
}

absl::StatusOr<config::Config> ServiceConfig(const app::ModuleSpec& service,
                                             const config::Assignments& given) {
  const config::Assignments environment = SettingsOfEnvironment();
  config::Assignments settings = given;
  std::erase_if(settings, [](const auto& setting) { return setting.first == "service"; });
  return config::Load(app::SchemaFor({&service}), settings, environment);
}

config::Assignments EmbeddedIn(const std::string& folder) {
  config::Assignments settings = {
      {"data", folder}, {"events", ""}, {"catalog-cache", "local:"}, {"catalog-index", ""}};
  for (const app::ModuleSpec* module : Modules())
    settings.emplace_back(app::StoreSetting(module->name, Modules().size()), "");
  return settings;
}

absl::StatusOr<std::unique_ptr<app::Suite>> StartQuietly(const config::Assignments& given, Clock* clock,
                                                         Rng* rng) {
  config::Assignments settings = given;
  settings.insert(settings.end(), {{"listen", "127.0.0.1:0"},
                                   {"admin", ""},
                                   {"log-level", "error"},
                                   {"log-format", "text"},
                                   {"tokens-file", ""},
                                   {"drain", "2s"}});
  ASSIGN_OR_RETURN(config::Config config, SuiteConfig(settings));
  return app::Suite::Start({.modules = Modules(), .config = std::move(config), .clock = clock, .rng = rng});
}

absl::Status WaitUntilSettled(rpc::Channel& channel, Clock& clock) {
  const std::unique_ptr<WaitEvent> never = clock.NewWaitEvent();
  const absl::Duration deadline = clock.Steady() + kSettleWait;
  while (true) {
    ASSIGN_OR_RETURN(
        const v1::Status status,
        channel.Call<v1::Status>("/finalmile.v1.OperationsService/GetStatus", v1::GetStatusRequest()));
    std::string error;
    int64_t left = 0;
    for (const auto& service : status.services()) {
      error += service.error();
      left += service.outbox_depth();
      for (const auto& consumer : service.consumers()) {
        for (const auto& lag : consumer.lags()) left += lag.records();
      }
    }
    if (left == 0 && error.empty()) return absl::OkStatus();
    if (clock.Steady() >= deadline) {
      return absl::DeadlineExceededError(
          fmt::format("{} records are still to be sent or consumed after {}{}{}", left,
                      absl::FormatDuration(kSettleWait), error.empty() ? "" : ": ", error));
    }
    never->WaitUntil(clock.Steady() + kSettleRetry);
  }
}

}  // namespace finalmile::cli
