#include "tests/simulation/catalog_program.h"

#include <cstdlib>

#include "libs/app/settings.h"
#include "services/catalog/wiring.h"

namespace finalmile::simulation {

std::unique_ptr<Program> StartCatalog(Servers& servers, testing::CacheServer& cache, const std::string& index,
                                      testing::Simulation::Process& process) {
  app::ModuleSpec spec = catalog::kModule;
  spec.build = [&cache](const config::Config& config, app::Runtime& runtime) {
    return catalog::BuildOn(cache.Connect(), config, runtime);
  };
  auto config =
      config::Load(app::SchemaFor({&spec}),
                   {{"catalog-index", index}, {"catalog-cache-ttl", absl::FormatDuration(kStaleness)}}, {});
  if (!config.ok()) std::abort();
  return ServiceProgram::Start(servers, std::move(spec), *std::move(config), process);
}

}  // namespace finalmile::simulation
