#include "services/finalmile/command_line.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <map>
#include <memory>

#include "libs/config/schema.h"
#include "services/finalmile/output/text.h"

namespace finalmile::cli {
namespace {

constexpr const char* kDescription =
    "FinalMile: sales content, leads, meetings and coaching in one loop.\n"
    "Verbs talk to the suite at --address; else to the one that holds the local store; else they bring it "
    "up\n"
    "in this process for as long as the command lasts.\n";

void DeclareCommon(CLI::App& app, CommonFlags& common) {
  app.add_option("--address", common.address,
                 "the suite's host:port, or one for each service: leads=HOST:PORT,catalog=HOST:PORT "
                 "(FINALMILE_ADDRESS)")
      ->type_name("HOST:PORT");
  app.add_option("--token-file", common.token_file, "file with the bearer token (FINALMILE_TOKEN_FILE)")
      ->type_name("FILE");
  app.add_option(
         "--as", common.act_as,
         "who acts, on a server that has no tokens: kim, who sets and hosts, or mia:manager (FINALMILE_AS)")
      ->type_name("NAME[:ROLES]");
  app.add_option("--data", common.data,
                 "folder of the local store (FINALMILE_DATA, else the XDG data folder)")
      ->type_name("DIR");
  app.add_option("--store", common.store,
                 "the store of the service that --service names: sqlite:PATH or postgresql://… "
                 "(FINALMILE_STORE); for migrate and a suite in this process")
      ->type_name("URL");
  app.add_option("--service", common.service, "whose store --store is; migrate, doctor: that one alone")
      ->type_name("NAME");
  app.add_option("--events", common.events,
                 "an event log: local:PATH or kafka://… (FINALMILE_EVENTS); for events, topics and a suite "
                 "in this process")
      ->type_name("URL");
  app.add_option("--timeout", common.timeout_seconds,
                 "seconds for one call, and for the connection to --address (5 where it is not given)")
      ->type_name("S")
      ->each([&common](const std::string&) { common.timeout_given = true; })
      ->check(CLI::Range(0.1, 86400.0))
      ->capture_default_str();
  app.add_flag("--json", common.json, "JSON, one object per line, instead of tables");
}

// "leads top" -> "leads", "top".
std::pair<std::string, std::string> Words(std::string_view path) {
  const size_t space = path.find(' ');
  if (space == std::string_view::npos) return {std::string(path), ""};
  return {std::string(path.substr(0, space)), std::string(path.substr(space + 1))};
}

// The innermost command that the line has come to.
CLI::App* Innermost(CLI::App& app) {
  CLI::App* at = &app;
  while (!at->get_subcommands().empty()) at = at->get_subcommands().front();
  return at;
}

std::string PathOf(const CLI::App* app) {
  std::string path = app->get_name();
  for (const CLI::App* parent = app->get_parent(); parent != nullptr; parent = parent->get_parent()) {
    path.insert(0, parent->get_name() + " ");
  }
  return path;
}

// The verbs below `app`, for a word that is none of them.
std::string Suggest(CLI::App& app, const std::string& word) {
  std::vector<std::string> names;
  for (const CLI::App* sub : app.get_subcommands([](const CLI::App*) { return true; }))
    names.push_back(sub->get_name());
  const std::string nearest = config::Nearest(word, names);
  return nearest.empty() ? "" : fmt::format("; is '{}' meant?", nearest);
}

std::string Mistake(CLI::App& root, const CLI::ParseError& error, const std::vector<std::string>& arguments) {
  CLI::App* at = Innermost(root);
  std::string what = error.what();
  what = what.substr(0, what.find('\n'));
  if (const bool group = !at->get_subcommands([](const CLI::App*) { return true; }).empty(); group) {
    const std::string path = PathOf(at);
    const auto depth = static_cast<size_t>(std::count(path.begin(), path.end(), ' '));
    std::string word;
    for (size_t i = 0, words = 0; i < arguments.size() && word.empty(); ++i) {
      if (arguments[i].starts_with('-')) break;
      if (words++ == depth) word = arguments[i];
    }
    what =
        word.empty() ? "a verb is missing" : fmt::format("there is no verb '{}'{}", word, Suggest(*at, word));
  }
  if (what.ends_with('.')) what.pop_back();
  return fmt::format("finalmile: {}; see {} --help\n", Printable(what), PathOf(at));
}

}  // namespace

CommandLine ParseCommandLine(const std::vector<Verb>& verbs, const std::vector<std::string>& arguments) {
  CommandLine line;
  CLI::App app(kDescription, "finalmile");
  app.require_subcommand(1);
  app.footer("\nfinalmile VERB --help says more about one.\n\n" + ExitCodesHelp());
  app.option_defaults()->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  DeclareCommon(app, line.common);
  bool version = false;
  app.add_flag("--version", version, "the version of this program");

  std::map<const CLI::App*, Action> actions;
  std::map<const CLI::App*, std::string> paths;
  std::map<std::string, CLI::App*> groups;
  for (const Verb& verb : verbs) {
    const auto [first, second] = Words(verb.path);
    CLI::App* parent = &app;
    if (!second.empty()) {
      CLI::App*& group = groups[first];
      if (group == nullptr) {
        group = app.add_subcommand(first, std::string(GroupSummary(first)));
        group->require_subcommand(1)->fallthrough();
      }
      parent = group;
    }
    CLI::App* command = parent->add_subcommand(second.empty() ? first : second, std::string(verb.summary));
    command->fallthrough()->footer(
        fmt::format("\nExample:\n  {}\n\nFlags of every verb: finalmile --help\n", verb.example));
    command->option_defaults()->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
    Flags flags(*command);
    actions[command] = verb.declare(flags);
    paths[command] = verb.path;
  }

  // CLI11 wants them last first.
  std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());
  if (arguments.size() == 1 && arguments[0] == "--version") reversed = {"version"};
  if (arguments.empty()) reversed = {"--help"};
  try {
    app.parse(reversed);
  } catch (const CLI::CallForHelp&) {
    line.text = Innermost(app)->help();
    return line;
  } catch (const CLI::ParseError& error) {
    line.text = Mistake(app, error, arguments);
    line.exit_code = ExitCode::kUsage;
    return line;
  }
  const CLI::App* command = Innermost(app);
  line.action = actions.at(command);
  line.path = paths.at(command);
  return line;
}

}  // namespace finalmile::cli
