#include "services/@name@/wiring.h"

#include "services/@name@/handlers/@noun@_handlers.h"
#include "services/@name@/store/schema.h"

namespace finalmile::@name@ {
namespace {

const events::TopicSpec kTopics[] = {{.name = std::string(handlers::k@Name@EventsTopic)}};

absl::StatusOr<app::Module> Build(const config::Config&, app::Runtime& runtime) {
  app::Module module;
  module.services.push_back(handlers::New@Name@Service({runtime.clock, runtime.rng, runtime.database}));
  return module;
}

}  // namespace

const app::ModuleSpec kModule{
    .name = "@name@", .migrations = store::Migrations(), .topics = kTopics, .declare = nullptr, .build = &Build};

}  // namespace finalmile::@name@
