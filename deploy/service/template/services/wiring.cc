#include "services/@name@/wiring.h"

#include "finalmile/@name@/v1/@event_file@.pb.h"
#include "services/@name@/handlers/@noun@_handlers.h"
#include "services/@name@/store/schema.h"

namespace finalmile::@name@ {
namespace {

constexpr app::MessageType kTopics[] = {&v1::@Event@::descriptor};

absl::StatusOr<app::Module> Build(const config::Config&, app::Runtime& runtime) {
  app::Module module;
  module.services.push_back(handlers::New@Name@Service({runtime.clock, runtime.rng, runtime.database}));
  return module;
}

}  // namespace

const app::ModuleSpec kModule{
    .name = "@name@", .migrations = store::Migrations(), .topics = kTopics, .declare = nullptr, .build = &Build};

}  // namespace finalmile::@name@
