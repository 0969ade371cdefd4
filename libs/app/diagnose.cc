#include "libs/app/diagnose.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <map>
#include <set>

#include "libs/app/deployment.h"
#include "libs/app/settings.h"
#include "libs/app/suite.h"
#include "libs/base/address.h"
#include "libs/events/diagnose.h"
#include "libs/outbox/topic.h"
#include "libs/rpc/credentials.h"
#include "libs/rpc/listen_address.h"

namespace finalmile::app {
namespace {

constexpr std::string_view kMount =
    "mount the Secret, or name another file, and let the service's user read it";

// The value as people write it; an address is given without what may not be shown.
std::string ShownValue(const config::Setting& setting, const config::Config& config) {
  switch (setting.type) {
    case config::Type::kUrl:
      return ShownAddress(config.Text(setting.name));
    case config::Type::kString:
    case config::Type::kChoice:
    case config::Type::kPath:
      return config.Text(setting.name);
    case config::Type::kInt:
      return std::to_string(config.Int(setting.name));
    case config::Type::kBytes:
      return config::FormatBytes(config.Int(setting.name));
    case config::Type::kDouble:
      return fmt::format("{}", config.Double(setting.name));
    case config::Type::kBool:
      return config.Bool(setting.name) ? "true" : "false";
    case config::Type::kDuration:
      return absl::FormatDuration(config.Duration(setting.name));
  }
  return "";
}

// Whether a parameter of an address names a file that has to be there; `secret`: with something in it.
bool NamesFile(const AddressParameter& parameter, bool& secret) {
  static const std::set<std::string, std::less<>> kFiles = {"passfile", "sslkey", "sslcert", "sslrootcert",
                                                            "sslcrl"};
  secret = parameter.name.ends_with(".file");
  // These two words name the certificates of the machine, not a file.
  if (parameter.value == "system" || parameter.value == "probe") return false;
  return secret || parameter.name.ends_with(".location") || kFiles.contains(parameter.name);
}

void CheckFiles(const config::Schema& schema, const config::Config& config, std::vector<Finding>& findings) {
  size_t readable = 0;
  for (const config::Setting& setting : schema.settings()) {
    if (setting.type != config::Type::kUrl) continue;
    const auto parameters = ParametersOf(config.Text(setting.name));
    // The check that opens the address reports it.
    if (!parameters.ok()) continue;
    for (const AddressParameter& parameter : *parameters) {
      bool secret = false;
      if (!NamesFile(parameter, secret)) continue;
      const std::string name = fmt::format("{}: {}", config.origin(setting.name), parameter.name);
      const absl::Status read =
          secret ? ReadSecretFile(name, parameter.value).status() : CheckSecretFile(name, parameter.value);
      if (read.ok()) {
        ++readable;
      } else {
        findings.push_back({Verdict::kFail, "files", std::string(read.message()), std::string(kMount)});
      }
    }
  }
  if (readable > 0) {
    findings.push_back(
        {Verdict::kOk, "files",
         fmt::format("{} {} that addresses name can be read", readable, readable == 1 ? "file" : "files")});
  }
}

Finding CheckTokens(const config::Config& config) {
  const std::string& path = config.Text("tokens-file");
  const std::string& origin = config.origin("tokens-file");
  if (path.empty()) {
    const auto listen = rpc::ParseListenAddress(config.Text("listen"));
    if (!listen.ok()) {
      return {Verdict::kFail, "listen",
              fmt::format("{}: {}", config.origin("listen"), std::string(listen.status().message()))};
    }
    if (listen->loopback)
      return {Verdict::kOk, "tokens", "there is no tokens file: every caller is the local admin"};
    return {Verdict::kFail, "tokens",
            fmt::format("{} is to be listened on, and there is no tokens file", config.Text("listen")),
            "give --tokens-file, or listen on 127.0.0.1"};
  }
  const auto loaded = rpc::Credentials::Load(path);
  if (loaded.ok()) return {Verdict::kOk, "tokens", fmt::format("every line of {} holds", path)};
  return {Verdict::kFail, "tokens", fmt::format("{}: {}", origin, std::string(loaded.status().message())),
          absl::IsNotFound(loaded.status())
              ? std::string(kMount)
              : "a line is `sha256:DIGEST NAME ROLE,ROLE`, and # begins a comment"};
}

void NameSetting(const config::Config& config, std::string_view setting, std::vector<Finding>& findings) {
  const std::string own = fmt::format("{}: ", setting);
  for (Finding& finding : findings) {
    if (finding.check != "reach" || finding.verdict <= Verdict::kWarn) continue;
    // A library begins as it would at the start.
    if (finding.text.starts_with(own)) finding.text.erase(0, own.size());
    finding.text = fmt::format("{} ({}): {}", setting, config.origin(setting), finding.text);
  }
}

}  // namespace

FindingGroup DiagnoseSettings(const std::vector<const ModuleSpec*>& modules, const config::Config& config) {
  FindingGroup group{"settings", {}};
  const config::Schema schema = SchemaFor(modules);
  for (const config::Setting& setting : schema.settings()) {
    if (config.source(setting.name) == config::Source::kDefault) continue;
    group.findings.push_back({Verdict::kOk, setting.name,
                              fmt::format("{} is {}, from {}", setting.name, ShownValue(setting, config),
                                          config.origin(setting.name))});
  }
  if (group.findings.empty())
    group.findings.push_back({Verdict::kOk, "defaults", "every setting has its default"});
  CheckFiles(schema, config, group.findings);
  group.findings.push_back(CheckTokens(config));
  std::vector<std::string> paths = {std::string(EmbeddedPath(EventsUrl(config)))};
  for (const ModuleSpec* module : modules)
    paths.emplace_back(EmbeddedPath(StoreUrl(config, module->name, modules.size())));
  for (const std::string& path : paths) {
    if (path.empty()) continue;
    Finding finding = DiagnoseFolder(path);
    if (std::find(group.findings.begin(), group.findings.end(), finding) == group.findings.end())
      group.findings.push_back(std::move(finding));
  }
  return group;
}

Finding DiagnoseFolder(const std::string& path) {
  std::filesystem::path folder = std::filesystem::path(path).parent_path();
  if (folder.empty()) folder = ".";
  std::error_code error;
  std::filesystem::path there = folder;
  while (!std::filesystem::exists(there, error) && there.has_relative_path()) there = there.parent_path();
  if (there.empty()) there = ".";
  if (access(there.c_str(), W_OK | X_OK) == 0) {
    return {Verdict::kOk, "folder",
            fmt::format("{} {}", folder.string(), there == folder ? "can be written" : "can be made")};
  }
  return {Verdict::kFail, "folder",
          fmt::format("cannot write to the folder {}: {}", there.string(), std::strerror(errno)),
          "give another one with --data, or let the service's user write there"};
}

storage::StoreDiagnosis DiagnoseStore(const ModuleSpec& module, size_t modules, const config::Config& config,
                                      Clock& clock, absl::Duration patience) {
  storage::StoreDiagnosis diagnosis =
      storage::Diagnose(StoreUrl(config, module.name, modules), clock, NeedsOf(module), patience);
  NameSetting(config, StoreSetting(module.name, modules), diagnosis.findings);
  return diagnosis;
}

FindingGroup DiagnoseSessions(const std::vector<std::pair<std::string_view, storage::ServerSessions>>& stores,
                              const config::Config& config, int64_t replicas) {
  struct Server {
    std::vector<std::string_view> services;
    int64_t most = 0;
    int64_t held = 0;
    int64_t held_here = 0;
  };
  std::map<std::string, Server> servers;
  for (const auto& [service, sessions] : stores) {
    Server& server = servers[sessions.server];
    server.services.push_back(service);
    server.most = sessions.most;
    server.held = std::max(server.held, sessions.held);
    server.held_here += sessions.held_here;
  }
  FindingGroup group{"sessions", {}};
  for (const auto& [name, server] : servers) {
    const int64_t each = SessionsOf(static_cast<int>(config.Int("threads")));
    const int64_t needed = each * replicas * static_cast<int64_t>(server.services.size());
    const int64_t others = std::max<int64_t>(0, server.held - server.held_here);
    const std::string text = fmt::format(
        "{} may take {} sessions ({} replicas, {} each); PostgreSQL gives {}, and others hold {} now",
        fmt::join(server.services, ", "), needed, replicas, each, server.most, others);
    if (needed + others <= server.most) {
      group.findings.push_back({Verdict::kOk, "sessions", text});
    } else {
      group.findings.push_back(
          {Verdict::kWarn, "sessions", text,
           fmt::format("raise max_connections by {} at least, or lower `threads`; --replicas "
                       "says how many processes of each there are",
                       needed + others - server.most)});
    }
  }
  return group;
}

FindingGroup DiagnoseEvents(const std::vector<const ModuleSpec*>& modules, const config::Config& config,
                            Clock& clock, absl::Duration patience) {
  FindingGroup group{"events", {}};
  events::LogNeeds needs;
  auto topics = TopicsOf(modules);
  if (!topics.ok()) {
    group.findings.push_back({Verdict::kFail, "topics", std::string(topics.status().message())});
    return group;
  }
  needs.topics = *std::move(topics);
  for (const ModuleSpec* module : modules) {
    for (const GroupSpec& spec : module->groups)
      needs.groups.push_back({std::string(spec.name), {outbox::TopicOf(*spec.message()).name}});
  }
  group.findings = events::Diagnose(EventsUrl(config), clock, needs, patience);
  NameSetting(config, "events", group.findings);
  return group;
}

}  // namespace finalmile::app
