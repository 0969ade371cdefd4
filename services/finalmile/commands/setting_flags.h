#pragma once

#include <map>
#include <optional>
#include <string>

#include "libs/config/config.h"
#include "services/finalmile/flags.h"

namespace finalmile::cli {

// The values that the command line gives to the suite's settings, by name; nullopt: none.
using SettingFlags = std::map<std::string, std::optional<std::string>, std::less<>>;

// Declares a flag for each setting of every service, but for those that every verb takes. `given` stays where
// it is until the command line is parsed.
void DeclareSettings(Flags& flags, SettingFlags& given);

// Adds those that were given to `settings`.
void AddSettings(const SettingFlags& given, config::Assignments& settings);

}  // namespace finalmile::cli
