#pragma once

#include <cstdio>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/app/suite.h"
#include "libs/base/clock.h"
#include "libs/config/config.h"
#include "libs/rpc/client.h"

// The suite as this program runs it: every service, in this process.
namespace finalmile::cli {

// The services.
const std::vector<const app::ModuleSpec*>& Modules();
// The one that `service` names; all where it is empty. INVALID_ARGUMENT: there is none.
absl::StatusOr<std::vector<const app::ModuleSpec*>> ModulesNamed(std::string_view service);

// The service that "service" among `settings` names, which it views; empty: none is named.
std::string_view NamedService(const config::Assignments& settings);

// The settings of the suite from `given` ("data", "listen", …) and the environment's FINALMILE_ variables but
// for those that only the command line reads. "store" in `given` is the store of the service that "service"
// names there, since each keeps its own. INVALID_ARGUMENT names a wrong one.
absl::StatusOr<config::Config> SuiteConfig(const config::Assignments& given);

// The settings of one service as its program reads them, where it runs alone: `store` is its own, and a
// setting of another service is unknown to it. "service" in `given` is not one of them.
absl::StatusOr<config::Config> ServiceConfig(const app::ModuleSpec& service,
                                             const config::Assignments& given);

// Settings of a suite that keeps everything in `folder`, whatever the environment says.
config::Assignments EmbeddedIn(const std::string& folder);

// Starts the suite on any free port, without an admin port, logging errors alone: for the duration of a
// command. `clock` and `rng` outlive it; null: the machine's.
absl::StatusOr<std::unique_ptr<app::Suite>> StartQuietly(const config::Assignments& given,
                                                         Clock* clock = nullptr, Rng* rng = nullptr);

// Waits, 30 seconds at most, until the suite behind `channel` has consumed all that its topics hold and has
// told what followed. DEADLINE_EXCEEDED when it has not by then.
absl::Status WaitUntilSettled(rpc::Channel& channel, Clock& clock);

}  // namespace finalmile::cli
