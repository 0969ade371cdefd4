#include "services/finalmile/commands/setting_flags.h"

#include <fmt/format.h>

#include <set>

#include "libs/app/settings.h"
#include "services/finalmile/local_suite.h"

namespace finalmile::cli {

void DeclareSettings(Flags& flags, SettingFlags& given) {
  // Flags of every verb.
  static const std::set<std::string, std::less<>> kCommon = {"data", "events"};
  const config::Schema schema = app::SchemaFor(Modules());
  for (const config::Setting& setting : schema.settings()) {
    if (kCommon.contains(setting.name)) continue;
    const std::string fallback = setting.fallback.empty() ? "" : fmt::format(" ({})", setting.fallback);
    flags.Text("--" + setting.name, "VALUE", given[setting.name],
               fmt::format("{}; {}{}", setting.help, config::Expectation(setting), fallback));
  }
}

void AddSettings(const SettingFlags& given, config::Assignments& settings) {
  for (const auto& [name, value] : given) {
    if (value) settings.emplace_back(name, *value);
  }
}

}  // namespace finalmile::cli
