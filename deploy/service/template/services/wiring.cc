#include "services/@name@/wiring.h"

#include "finalmile/@name@/v1/@event_file@.pb.h"
#include "finalmile/leads/v1/lead_event.pb.h"
#include "services/@name@/changes/@noun@_batch.h"
#include "services/@name@/consumers/lead_consumer.h"
#include "services/@name@/handlers/@noun@_handlers.h"
#include "services/@name@/store/schema.h"
#include "services/@name@/timers/expiry_timer.h"

namespace finalmile::@name@ {
namespace {

constexpr app::MessageType kTopics[] = {&v1::@Event@::descriptor, &leads::v1::LeadEvent::descriptor};

constexpr outbox::AggregateTable kAggregates[] = {{changes::kCollection, "@table@"}};

constexpr app::GroupSpec kGroups[] = {{consumers::kLeadConsumer, &leads::v1::LeadEvent::descriptor}};

absl::StatusOr<app::Module> Build(const config::Config&, app::Runtime& runtime) {
  app::Module module;
  module.services.push_back(handlers::New@Name@Service({runtime.clock, runtime.rng, runtime.database}));
  module.consumers.push_back(app::ConsumerOf<leads::v1::LeadEvent>(
      consumers::kLeadConsumer, std::make_unique<consumers::LeadConsumer>(runtime.clock, runtime.rng)));
  module.leader_tasks.push_back(std::make_unique<timers::ExpiryTimer>(runtime.clock, runtime.rng));
  return module;
}

}  // namespace

const app::ModuleSpec kModule{.name = "@name@",
                              .migrations = store::Migrations(),
                              .topics = kTopics,
                              .event = &v1::@Event@::descriptor,
                              .aggregates = kAggregates,
                              .groups = kGroups,
                              .declare = nullptr,
                              .build = &Build};

}  // namespace finalmile::@name@
