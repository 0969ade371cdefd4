#include "services/coaching/wiring.h"

#include "finalmile/catalog/v1/catalog_event.pb.h"
#include "finalmile/coaching/v1/coaching_event.pb.h"
#include "services/coaching/consumers/catalog_consumer.h"
#include "services/coaching/handlers/register.h"
#include "services/coaching/store/schema.h"
#include "services/coaching/timers/example_timer.h"

namespace finalmile::coaching {
namespace {

constexpr app::MessageType kTopics[] = {&v1::CoachingEvent::descriptor,
                                        &catalog::v1::CatalogEvent::descriptor};

absl::StatusOr<app::Module> Build(const config::Config&, app::Runtime& runtime) {
  const handlers::Dependencies dependencies{runtime.clock, runtime.rng, runtime.database};
  app::Module module;
  module.services.push_back(handlers::NewTalkTrackService(dependencies));
  module.services.push_back(handlers::NewPracticeService(dependencies));
  module.consumers.push_back(app::ConsumerOf<catalog::v1::CatalogEvent>(
      consumers::kCatalogConsumer, std::make_unique<consumers::CatalogConsumer>(runtime.clock, runtime.rng)));
  module.leader_tasks.push_back(std::make_unique<timers::ExampleTimer>(runtime.clock));
  return module;
}

}  // namespace

const app::ModuleSpec kModule{.name = "coaching",
                              .migrations = store::Migrations(),
                              .topics = kTopics,
                              .declare = nullptr,
                              .build = &Build};

}  // namespace finalmile::coaching
