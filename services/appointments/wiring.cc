#include "services/appointments/wiring.h"

#include "finalmile/appointments/v1/appointment_event.pb.h"
#include "finalmile/catalog/v1/catalog_event.pb.h"
#include "finalmile/coaching/v1/coaching_event.pb.h"
#include "finalmile/leads/v1/lead_event.pb.h"
#include "libs/base/status.h"
#include "libs/base/zone.h"
#include "libs/config/schema.h"
#include "libs/outbox/secret.h"
#include "services/appointments/consumers/catalog_consumer.h"
#include "services/appointments/consumers/coaching_consumer.h"
#include "services/appointments/consumers/lead_consumer.h"
#include "services/appointments/handlers/register.h"
#include "services/appointments/store/schema.h"
#include "services/appointments/timers/appointment_timer.h"
#include "services/appointments/timers/request_timer.h"
#include "services/appointments/timers/return_timer.h"
#include "services/appointments/timers/zone_watch.h"

namespace finalmile::appointments {
namespace {

constexpr app::MessageType kTopics[] = {&v1::AppointmentEvent::descriptor, &leads::v1::LeadEvent::descriptor,
                                        &catalog::v1::CatalogEvent::descriptor,
                                        &coaching::v1::CoachingEvent::descriptor};
constexpr outbox::AggregateTable kAggregates[] = {{domain::kRequestCollection, "meeting_requests"},
                                                  {domain::kAppointmentCollection, "appointments"}};

constexpr app::GroupSpec kGroups[] = {
    {consumers::kLeadConsumer, &leads::v1::LeadEvent::descriptor},
    {consumers::kCatalogConsumer, &catalog::v1::CatalogEvent::descriptor},
    {consumers::kCoachingConsumer, &coaching::v1::CoachingEvent::descriptor}};

constexpr absl::Duration kStartTimeout = absl::Seconds(10);

void Declare(config::Schema& schema) {
  schema.String(
      "pulse-url", "",
      "what stands before the token of a guest's link: https://example.com/pulse?t=; empty: links are tokens "
      "alone");
}

absl::StatusOr<app::Module> Build(const config::Config& config, app::Runtime& runtime) {
  // Without its files every zone would be taken for UTC.
  if (!LoadZone("Europe/Berlin").ok()) {
    return absl::FailedPreconditionError(
        "the zone database cannot be read: install tzdata, or have TZDIR name the folder that has tzdata.zi");
  }
  ASSIGN_OR_RETURN(std::string pulse_key,
                   outbox::SharedSecret(runtime.database, "appointments.pulse", runtime.clock, runtime.rng,
                                        runtime.clock.Steady() + kStartTimeout));
  const handlers::Dependencies dependencies{runtime.clock, runtime.rng, runtime.database};
  app::Module module;
  module.services.push_back(handlers::NewMeetingRequestService(dependencies));
  module.services.push_back(handlers::NewAppointmentService(dependencies, std::move(pulse_key),
                                                            std::string(config.Text("pulse-url"))));
  module.consumers.push_back(app::ConsumerOf<leads::v1::LeadEvent>(
      consumers::kLeadConsumer, std::make_unique<consumers::LeadConsumer>(runtime.clock, runtime.rng)));
  module.consumers.push_back(app::ConsumerOf<catalog::v1::CatalogEvent>(
      consumers::kCatalogConsumer, std::make_unique<consumers::CatalogConsumer>(runtime.clock)));
  module.consumers.push_back(app::ConsumerOf<coaching::v1::CoachingEvent>(
      consumers::kCoachingConsumer, std::make_unique<consumers::CoachingConsumer>()));
  module.leader_tasks.push_back(std::make_unique<timers::RequestTimer>(runtime.clock, runtime.rng));
  module.leader_tasks.push_back(std::make_unique<timers::AppointmentTimer>(runtime.clock, runtime.rng));
  module.leader_tasks.push_back(std::make_unique<timers::ReturnTimer>(runtime.clock));
  module.leader_tasks.push_back(std::make_unique<timers::ZoneWatch>(runtime.clock));
  return module;
}

}  // namespace

const app::ModuleSpec kModule{.name = "appointments",
                              .migrations = store::Migrations(),
                              .topics = kTopics,
                              .event = &v1::AppointmentEvent::descriptor,
                              .aggregates = kAggregates,
                              .groups = kGroups,
                              .declare = &Declare,
                              .build = &Build};

}  // namespace finalmile::appointments
