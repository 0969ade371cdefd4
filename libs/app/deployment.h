#pragma once

#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "libs/app/module.h"
#include "libs/base/clock.h"
#include "libs/events/event_log.h"
#include "libs/storage/database.h"
#include "libs/storage/diagnose.h"

// What has to stand before a module runs. `finalmile migrate` and `finalmile topics apply` do it on the
// production profile; on the embedded one the process does it for itself.
namespace finalmile::app {

// Brings a module's store to its schema; the errors of storage::Migrate. FAILED_PRECONDITION, before anything
// is changed, for a store that holds the tables of another service; CheckStore too.
absl::Status MigrateStore(const ModuleSpec& module, storage::Database& database, Clock& clock);

// Returns what the module needs of its store.
storage::StoreNeeds NeedsOf(const ModuleSpec& module);

// OK when the store has exactly the module's schema; FAILED_PRECONDITION says to run `finalmile migrate`.
absl::Status CheckStore(const ModuleSpec& module, storage::Database& database, Clock& clock);

// The topics of the modules, each once, by name. FAILED_PRECONDITION where two messages claim one topic.
absl::StatusOr<std::vector<events::TopicSpec>> TopicsOf(const std::vector<const ModuleSpec*>& modules);

// OK when every topic exists; FAILED_PRECONDITION names those that are missing and says to run `finalmile
// topics apply`. Partition counts and retention may differ: they are the operator's.
absl::Status CheckTopics(const std::vector<events::TopicSpec>& topics, events::EventLog& log,
                         absl::Duration deadline);

}  // namespace finalmile::app
