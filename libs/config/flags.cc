#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <map>
#include <set>

#include "libs/config/config.h"

namespace finalmile::config {
namespace {

absl::Status Refuse(const Schema& schema, std::string_view argument) {
  if (!argument.starts_with("--") || argument.size() == 2) {
    return absl::InvalidArgumentError(fmt::format(
        "\"{}\" is no flag; settings are given as --name value, and --help lists them", argument));
  }
  const std::string_view name = argument.substr(2, argument.find('=') - 2);
  std::vector<std::string> names = {"help", "version", "print-config"};
  for (const Setting& setting : schema.settings()) names.push_back(setting.name);
  const std::string nearest = Nearest(name, names);
  return absl::InvalidArgumentError(
      nearest.empty() ? fmt::format("--{}: there is no such flag; --help lists them", name)
                      : fmt::format("--{}: there is no such flag; did you mean --{}?", name, nearest));
}

}  // namespace

absl::StatusOr<CommandLine> ParseFlags(const Schema& schema, const std::vector<std::string>& arguments) {
  CommandLine line;
  CLI::App app;
  app.set_help_flag();
  app.allow_extras();
  app.add_flag("--help,-h", line.help);
  app.add_flag("--version", line.version);
  app.add_flag("--print-config", line.print_config);
  std::map<std::string, std::string> values;
  for (const Setting& setting : schema.settings()) {
    const std::string flag = "--" + setting.name;
    std::string& value = values[setting.name];
    CLI::Option* option =
        setting.type == Type::kBool ? app.add_flag(flag, value) : app.add_option(flag, value)->expected(1);
    option->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  }
  // CLI11 takes `--name=` for a missing value.
  std::set<std::string> emptied;
  std::vector<std::string> words;
  for (const std::string& argument : arguments) {
    const bool empties = argument.starts_with("--") && argument.ends_with('=') &&
                         schema.Find(std::string_view(argument).substr(2, argument.size() - 3)) != nullptr;
    if (empties) {
      emptied.insert(argument.substr(2, argument.size() - 3));
    } else {
      words.push_back(argument);
    }
  }
  // CLI11 wants the last word first.
  std::reverse(words.begin(), words.end());
  try {
    app.parse(words);
  } catch (const CLI::ParseError& e) {
    return absl::InvalidArgumentError(fmt::format("{}; --help says more", e.what()));
  }
  if (const std::vector<std::string> extras = app.remaining(); !extras.empty())
    return Refuse(schema, extras.front());
  for (const Setting& setting : schema.settings()) {
    const CLI::Option* option = app.get_option("--" + setting.name);
    if (option->count() > 0) line.settings.emplace_back(setting.name, values[setting.name]);
    if (emptied.contains(setting.name)) line.settings.emplace_back(setting.name, "");
  }
  return line;
}

}  // namespace finalmile::config
