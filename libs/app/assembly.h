#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/app/module.h"
#include "libs/app/store_watch.h"
#include "libs/outbox/sender.h"

namespace finalmile::app {

// A module with what the process adds to it (consumers, election, sender, relay, ledger sweeper, store
// watch), ready to be run. It starts no thread and does no I/O of its own: Suite runs it on threads, a
// simulation in an order of its choice.
class Assembly {
 public:
  // What `runtime` refers to, `spec` and `config` outlive the assembly. Errors are the module's own.
  static absl::StatusOr<std::unique_ptr<Assembly>> Build(const ModuleSpec& spec, const config::Config& config,
                                                         const Runtime& runtime);

  std::string_view name() const { return spec_.name; }
  storage::Database& database() const { return runtime_.database; }
  events::EventLog& events() const { return runtime_.events; }
  // The steps have to have ended before the assembly is destroyed, the services have to be served no more.
  std::vector<const rpc::Service*> services() const;
  std::vector<Step*> steps() const;
  const std::vector<std::unique_ptr<outbox::ConsumerGroup>>& consumers() const { return consumers_; }
  outbox::Election& election() const { return *election_; }
  const std::vector<std::unique_ptr<outbox::LeaderStep>>& leaders() const { return leaders_; }
  const StoreWatch& watch() const { return *watch_; }

 private:
  Assembly(const ModuleSpec& spec, const Runtime& runtime) : spec_(spec), runtime_(runtime) {}
  void AddLeaderTask(std::unique_ptr<outbox::LeaderTask> task);

  const ModuleSpec& spec_;
  // The module keeps a reference to it.
  Runtime runtime_;
  Module module_;
  std::vector<std::unique_ptr<outbox::ConsumerGroup>> consumers_;
  // Null where the log has no queue.
  std::unique_ptr<outbox::Sender> sender_;
  std::unique_ptr<outbox::Election> election_;
  std::vector<std::unique_ptr<outbox::LeaderStep>> leaders_;
  std::unique_ptr<StoreWatch> watch_;
};

}  // namespace finalmile::app
