#pragma once

#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "libs/app/module.h"
#include "libs/config/config.h"
#include "libs/telemetry/logger.h"

namespace finalmile::app {

// The settings of a process that runs these modules: the common ones (data, store, events, listen, admin,
// tokens-file, threads, max-connections, max-message, max-answer, drain, lame-duck, connection-age,
// stuck-after, log-level, log-format, those of traces.h), then the modules' own. With several modules `store`
// becomes one setting per module: leads-store. By default everything is embedded, in files under `data`.
config::Schema SchemaFor(const std::vector<const ModuleSpec*>& modules);

// $XDG_DATA_HOME/finalmile, else ~/.local/share/finalmile, else ./finalmile-data.
std::string DefaultDataFolder();

// The setting that names a module's store: "store", or "leads-store" where several `modules` (their number)
// share the process.
std::string StoreSetting(std::string_view module, size_t modules);

// The addresses that the settings come to: "sqlite:DATA/leads.db" and "local:DATA/events.db" where none is
// given. `modules` is their number in this process.
std::string StoreUrl(const config::Config& config, std::string_view module, size_t modules);
std::string EventsUrl(const config::Config& config);

telemetry::LoggerOptions LoggerOptionsFrom(const config::Config& config, std::FILE* output);

// How long calls are still answered after SIGTERM: long enough for clients to hear that health says
// NOT_SERVING, since what reaches a server that drains is lost to its caller (CANCELLED). Zero on loopback
// unless it is given: a client on the same machine sees the process come back.
absl::Duration LameDuckOf(const config::Config& config);

// What a caller on this machine connects to: a wildcard host becomes loopback.
std::string Reachable(std::string_view address);

// Makes the folder that the file of an embedded address is to stand in; OK for any other address.
// FAILED_PRECONDITION when that fails or nothing can be written there.
absl::Status MakeFolderOf(std::string_view url);

// The path in "sqlite:PATH" or "local:PATH"; empty for the address of a server.
std::string_view EmbeddedPath(std::string_view url);

}  // namespace finalmile::app
