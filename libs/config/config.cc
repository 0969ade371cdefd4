#include "libs/config/config.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>
#include <set>

#include "libs/base/address.h"
#include "libs/base/status.h"
#include "libs/config/file.h"

namespace finalmile::config {
namespace {

using Entries = std::map<std::string, Config::Entry, std::less<>>;

constexpr std::string_view kPrefix = "FINALMILE_";
// The names of OpenTelemetry's variables begin with it.
constexpr std::string_view kStandardPrefix = "OTEL_";

absl::Status Unknown(const Schema& schema, std::string_view origin, std::string_view name,
                     std::string (*spell)(std::string_view)) {
  std::vector<std::string> names;
  for (const Setting& setting : schema.settings()) names.push_back(setting.name);
  const std::string nearest = Nearest(name, names);
  return absl::InvalidArgumentError(
      nearest.empty()
          ? fmt::format("{}: there is no such setting; --help lists them", origin)
          : fmt::format("{}: there is no such setting; did you mean {}?", origin, spell(nearest)));
}

std::string AsFlag(std::string_view name) { return fmt::format("--{}", name); }
std::string AsKey(std::string_view name) { return std::string(name); }

absl::Status Assign(Entries& entries, const Setting& setting, std::string_view text, Source source,
                    std::string origin) {
  std::optional<TypedValue> value = ParseValue(setting, text);
  if (!value) {
    if (setting.type == Type::kUrl) {
      return absl::InvalidArgumentError(
          fmt::format("{}: {}: {}", origin, setting.name, std::string(CheckNoSecret(text).message())));
    }
    return absl::InvalidArgumentError(
        fmt::format("{}: {} is \"{}\"; it must be {}", origin, setting.name, text, Expectation(setting)));
  }
  entries[setting.name] = {setting.type, *std::move(value), std::string(text), source, std::move(origin)};
  return absl::OkStatus();
}

absl::Status AssignFlags(Entries& entries, const Schema& schema, const Assignments& flags) {
  for (const auto& [name, text] : flags) {
    const Setting* setting = schema.Find(name);
    if (setting == nullptr) return Unknown(schema, AsFlag(name), name, AsFlag);
    RETURN_IF_ERROR(Assign(entries, *setting, text, Source::kFlag, AsFlag(name)));
  }
  return absl::OkStatus();
}

// Whether Kubernetes gives such a variable to a container, for a Service of the same namespace whose name
// begins as ours do: FINALMILE_LEADS_SERVICE_HOST, FINALMILE_PORT, FINALMILE_LEADS_PORT_7000_TCP_ADDR.
bool IsServiceLink(std::string_view variable, std::string_view text) {
  const auto has = [&](std::string_view part) { return variable.find(part) != std::string_view::npos; };
  const bool transport = has("_TCP") || has("_UDP") || has("_SCTP");
  const bool port = variable.ends_with("_PORT") && text.find("://") != std::string_view::npos;
  return has("_SERVICE_HOST") || has("_SERVICE_PORT") || (has("_PORT_") && transport) || port;
}

absl::Status AssignEnvironment(Entries& entries, const Schema& schema, const Assignments& environment) {
  for (const auto& [variable, text] : environment) {
    const bool standard = variable.starts_with(kStandardPrefix);
    std::string name;
    for (const char c :
         std::string_view(variable).substr(standard ? 0 : std::min(kPrefix.size(), variable.size()))) {
      name += c == '_' ? '-' : (c >= 'A' && c <= 'Z') ? static_cast<char>(c - 'A' + 'a') : c;
    }
    const Setting* setting = schema.Find(name);
    // Others read them, too, and empty ones count as unset by the standard.
    if (standard && (setting == nullptr || EnvironmentName(name) != variable || text.empty())) continue;
    if (setting == nullptr && IsServiceLink(variable, text)) {
      return absl::InvalidArgumentError(
          fmt::format("{}: there is no such setting; it looks like a service link of Kubernetes: write "
                      "enableServiceLinks: false into the pod's specification",
                      variable));
    }
    if (setting == nullptr || EnvironmentName(name) != variable)
      return Unknown(schema, variable, name, EnvironmentName);
    RETURN_IF_ERROR(Assign(entries, *setting, text, Source::kEnvironment, variable));
  }
  return absl::OkStatus();
}

absl::Status AssignFile(Entries& entries, const Schema& schema, const std::string& path) {
  ASSIGN_OR_RETURN(const std::vector<FileEntry> file, ReadYaml(path));
  std::set<std::string> seen;
  for (const FileEntry& entry : file) {
    const std::string origin = fmt::format("{}:{}", path, entry.line);
    const Setting* setting = schema.Find(entry.name);
    if (setting == nullptr)
      return Unknown(schema, fmt::format("{}: {}", origin, entry.name), entry.name, AsKey);
    if (entry.name == "config") {
      return absl::InvalidArgumentError(
          fmt::format("{}: config cannot be set in the configuration file itself", origin));
    }
    if (!seen.insert(entry.name).second) {
      return absl::InvalidArgumentError(
          fmt::format("{}: {} is set twice in this file; keep one", origin, entry.name));
    }
    RETURN_IF_ERROR(Assign(entries, *setting, entry.text, Source::kFile, origin));
  }
  return absl::OkStatus();
}

}  // namespace

const Config::Entry& Config::At(std::string_view name) const {
  const auto found = entries_.find(name);
  if (found == entries_.end()) {
    fmt::print(stderr, "config: setting \"{}\" was never declared\n", name);
    std::abort();
  }
  return found->second;
}

template <typename T>
const T& Config::Read(std::string_view name) const {
  const T* value = std::get_if<T>(&At(name).value);
  if (value == nullptr) {
    fmt::print(stderr, "config: setting \"{}\" is read as another type than declared\n", name);
    std::abort();
  }
  return *value;
}

const std::string& Config::Text(std::string_view name) const { return Read<std::string>(name); }
int64_t Config::Int(std::string_view name) const { return Read<int64_t>(name); }
double Config::Double(std::string_view name) const { return Read<double>(name); }
bool Config::Bool(std::string_view name) const { return Read<bool>(name); }
absl::Duration Config::Duration(std::string_view name) const { return Read<absl::Duration>(name); }

std::string Config::Describe() const {
  std::string text;
  for (const auto& [name, entry] : entries_) {
    // The file cannot name itself, and so is a comment.
    text += fmt::format("{}{}: {}  # {}\n", name == "config" ? "# " : "", name, QuoteYaml(entry.text),
                        entry.origin);
  }
  return text;
}

absl::StatusOr<Config> Load(const Schema& schema, const Assignments& flags, const Assignments& environment) {
  Entries entries;
  for (const Setting& setting : schema.settings()) {
    RETURN_IF_ERROR(Assign(entries, setting, setting.fallback, Source::kDefault, "default"));
  }
  // All sources are read, also those that lose: a mistake anywhere is an error. `config` itself comes from
  // the upper two.
  Entries upper;
  RETURN_IF_ERROR(AssignEnvironment(upper, schema, environment));
  RETURN_IF_ERROR(AssignFlags(upper, schema, flags));
  if (const auto file = upper.find("config"); file != upper.end() && !file->second.text.empty()) {
    RETURN_IF_ERROR(AssignFile(entries, schema, file->second.text));
  }
  for (auto& [name, entry] : upper) entries[name] = std::move(entry);
  return Config(std::move(entries));
}

Assignments ReadEnvironment() {
  Assignments found;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const size_t equals = text.find('=');
    if (equals == std::string_view::npos) continue;
    if (!text.starts_with(kPrefix) && !text.starts_with(kStandardPrefix)) continue;
    found.emplace_back(text.substr(0, equals), text.substr(equals + 1));
  }
  return found;
}

}  // namespace finalmile::config
