#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "libs/app/module.h"
#include "libs/base/clock.h"
#include "libs/base/finding.h"
#include "libs/config/config.h"
#include "libs/storage/diagnose.h"

// Checks what a process that runs these modules needs, without one: `finalmile doctor`. Nothing here
// changes anything. `patience` bounds each question to a server; a call asks some.
namespace finalmile::app {

// Says where each setting comes from that is not the default, without secrets; whether the files that
// addresses and `tokens-file` name can be read and hold what they should; whether the folders of what is
// embedded can be written. `config` was loaded with SchemaFor(modules).
FindingGroup DiagnoseSettings(const std::vector<const ModuleSpec*>& modules, const config::Config& config);

// Whether a file can be made in the folder of `path`, which is made where it is absent.
Finding DiagnoseFolder(const std::string& path);

// See storage::Diagnose. What cannot be reached is told with the setting that says where it is. `modules`:
// their number in the process.
storage::StoreDiagnosis DiagnoseStore(const ModuleSpec& module, size_t modules, const config::Config& config,
                                      Clock& clock, absl::Duration patience);

// Whether each server of PostgreSQL gives out as many sessions as `replicas` processes of each service may
// take. `stores`: by service.
FindingGroup DiagnoseSessions(const std::vector<std::pair<std::string_view, storage::ServerSessions>>& stores,
                              const config::Config& config, int64_t replicas);

// See events::Diagnose.
FindingGroup DiagnoseEvents(const std::vector<const ModuleSpec*>& modules, const config::Config& config,
                            Clock& clock, absl::Duration patience);

}  // namespace finalmile::app
