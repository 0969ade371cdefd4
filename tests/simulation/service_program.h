#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "finalmile/v1/principal.pb.h"
#include "libs/app/assembly.h"
#include "libs/rpc/client.h"
#include "libs/testing/logs.h"
#include "tests/simulation/world.h"

namespace finalmile::simulation {

// One life of a process of a service.
class ServiceProgram final : public Program {
 public:
  // Null when the service could not start.
  static std::unique_ptr<Program> Start(Servers& servers, app::ModuleSpec spec, config::Config config,
                                        testing::Simulation::Process& process);

  std::vector<Step*> steps() override { return assembly_->steps(); }
  // Calls as an admin.
  rpc::Channel& channel() { return ChannelAs("client", {finalmile::v1::ROLE_ADMIN}); }
  rpc::Channel& ChannelAs(const std::string& name, const std::vector<finalmile::v1::Role>& roles);

 private:
  ServiceProgram(app::ModuleSpec spec, config::Config config, Clock& clock)
      : spec_(std::move(spec)), config_(std::move(config)), clock_(clock) {}

  const app::ModuleSpec spec_;
  const config::Config config_;
  Clock& clock_;
  std::unique_ptr<storage::Database> database_;
  std::unique_ptr<events::EventLog> log_;
  testing::NullLog no_log_;
  telemetry::Metrics metrics_;
  std::unique_ptr<app::Assembly> assembly_;
  // By the caller's name.
  std::map<std::string, std::unique_ptr<rpc::Channel>> channels_;
};

}  // namespace finalmile::simulation
