#include "tests/simulation/service_program.h"

#include "libs/rpc/local_channel.h"

namespace finalmile::simulation {

std::unique_ptr<Program> ServiceProgram::Start(Servers& servers, app::ModuleSpec spec, config::Config config,
                                               testing::Simulation::Process& process) {
  std::unique_ptr<ServiceProgram> program(new ServiceProgram(std::move(spec), std::move(config)));
  program->database_ = servers.database().Connect();
  program->log_ = servers.events().Connect();
  auto assembly = app::Assembly::Build(program->spec_, program->config_,
                                       app::Runtime{process.clock(), process.rng(), *program->database_,
                                                    *program->log_, program->no_log_, program->metrics_});
  if (!assembly.ok()) return nullptr;
  program->assembly_ = *std::move(assembly);
  auto principal = std::make_shared<finalmile::v1::Principal>();
  principal->set_name("client");
  principal->add_roles(finalmile::v1::ROLE_ADMIN);
  auto channel = rpc::NewLocalChannel(program->assembly_->services(), principal, process.clock());
  if (!channel.ok()) return nullptr;
  program->channel_ = *std::move(channel);
  return program;
}

}  // namespace finalmile::simulation
