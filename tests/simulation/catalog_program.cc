#include "tests/simulation/catalog_program.h"

#include <cstdlib>

#include "libs/app/settings.h"
#include "libs/rpc/local_channel.h"
#include "services/catalog/wiring.h"

namespace finalmile::simulation {

std::unique_ptr<Program> CatalogProgram::Start(Servers& servers, testing::CacheServer& cache,
                                               const std::string& index,
                                               testing::Simulation::Process& process) {
  auto program = std::make_unique<CatalogProgram>();
  program->database_ = servers.database().Connect();
  program->log_ = servers.events().Connect();
  app::ModuleSpec spec = catalog::kModule;
  spec.build = [&](const config::Config& config, app::Runtime& runtime) {
    return catalog::BuildOn(cache.Connect(), config, runtime);
  };
  const auto config =
      config::Load(app::SchemaFor({&spec}),
                   {{"catalog-index", index}, {"catalog-cache-ttl", absl::FormatDuration(kStaleness)}}, {});
  if (!config.ok()) std::abort();
  auto assembly = app::Assembly::Build(spec, *config,
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
