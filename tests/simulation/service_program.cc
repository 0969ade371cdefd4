#include "tests/simulation/service_program.h"

#include "libs/rpc/local_channel.h"

namespace finalmile::simulation {

std::unique_ptr<Program> ServiceProgram::Start(Servers& servers, app::ModuleSpec spec, config::Config config,
                                               testing::Simulation::Process& process) {
  std::unique_ptr<ServiceProgram> program(
      new ServiceProgram(std::move(spec), std::move(config), process.clock()));
  program->database_ = servers.database().Connect();
  // Programs with and without a sender meet, as while an older one is replaced.
  program->log_ = servers.events().Connect(process.rng().Below(3) != 0);
  auto assembly = app::Assembly::Build(program->spec_, program->config_,
                                       app::Runtime{process.clock(), process.rng(), *program->database_,
                                                    *program->log_, program->no_log_, program->metrics_});
  if (!assembly.ok()) return nullptr;
  program->assembly_ = *std::move(assembly);
  return program;
}

rpc::Channel& ServiceProgram::ChannelAs(const std::string& name,
                                        const std::vector<finalmile::v1::Role>& roles) {
  std::unique_ptr<rpc::Channel>& channel = channels_[name];
  if (channel == nullptr) {
    auto principal = std::make_shared<finalmile::v1::Principal>();
    principal->set_name(name);
    for (const finalmile::v1::Role role : roles) principal->add_roles(role);
    channel = rpc::NewLocalChannel(assembly_->services(), std::move(principal), clock_).value();
  }
  return *channel;
}

}  // namespace finalmile::simulation
