#pragma once

#include <memory>
#include <vector>

#include "libs/app/assembly.h"
#include "libs/rpc/client.h"
#include "libs/testing/logs.h"
#include "tests/simulation/world.h"

namespace finalmile::simulation {

// One life of a process of a service, whose calls are an admin's.
class ServiceProgram final : public Program {
 public:
  // Null when the service could not start.
  static std::unique_ptr<Program> Start(Servers& servers, app::ModuleSpec spec, config::Config config,
                                        testing::Simulation::Process& process);

  std::vector<Step*> steps() override { return assembly_->steps(); }
  rpc::Channel& channel() { return *channel_; }

 private:
  ServiceProgram(app::ModuleSpec spec, config::Config config)
      : spec_(std::move(spec)), config_(std::move(config)) {}

  const app::ModuleSpec spec_;
  const config::Config config_;
  std::unique_ptr<storage::Database> database_;
  std::unique_ptr<events::EventLog> log_;
  testing::NullLog no_log_;
  telemetry::Metrics metrics_;
  std::unique_ptr<app::Assembly> assembly_;
  std::unique_ptr<rpc::Channel> channel_;
};

}  // namespace finalmile::simulation
