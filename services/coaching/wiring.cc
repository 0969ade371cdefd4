#include "services/coaching/wiring.h"

#include "finalmile/appointments/v1/appointment_event.pb.h"
#include "finalmile/catalog/v1/catalog_event.pb.h"
#include "finalmile/coaching/v1/coaching_event.pb.h"
#include "libs/base/zone.h"
#include "libs/config/schema.h"
#include "services/coaching/consumers/appointment_consumer.h"
#include "services/coaching/consumers/catalog_consumer.h"
#include "services/coaching/handlers/register.h"
#include "services/coaching/store/schema.h"
#include "services/coaching/timers/example_timer.h"
#include "services/coaching/timers/meeting_timer.h"
#include "services/coaching/timers/rep_timer.h"
#include "services/coaching/timers/track_timer.h"

namespace finalmile::coaching {
namespace {

constexpr app::MessageType kTopics[] = {&v1::CoachingEvent::descriptor,
                                        &catalog::v1::CatalogEvent::descriptor,
                                        &appointments::v1::AppointmentEvent::descriptor};
constexpr outbox::AggregateTable kAggregates[] = {{"talkTracks/", "talk_tracks"}, {"reps/", "practice_reps"}};

constexpr app::GroupSpec kGroups[] = {
    {consumers::kCatalogConsumer, &catalog::v1::CatalogEvent::descriptor},
    {consumers::kAppointmentConsumer, &appointments::v1::AppointmentEvent::descriptor}};

void Declare(config::Schema& schema) {
  schema.String(
      "coaching-zone", "UTC",
      "IANA zone in which the day of a practice begins: Europe/Berlin; practices that are submitted "
      "already keep their day");
}

absl::StatusOr<app::Module> Build(const config::Config& config, app::Runtime& runtime) {
  const absl::StatusOr<absl::TimeZone> zone = LoadZone(config.Text("coaching-zone"));
  if (!zone.ok()) return absl::InvalidArgumentError("coaching-zone " + std::string(zone.status().message()));
  const handlers::Dependencies dependencies{runtime.clock, runtime.rng, runtime.database};
  app::Module module;
  module.services.push_back(handlers::NewTalkTrackService(dependencies));
  module.services.push_back(handlers::NewPracticeService(dependencies, *zone));
  module.consumers.push_back(app::ConsumerOf<catalog::v1::CatalogEvent>(
      consumers::kCatalogConsumer, std::make_unique<consumers::CatalogConsumer>(runtime.clock, runtime.rng)));
  module.consumers.push_back(app::ConsumerOf<appointments::v1::AppointmentEvent>(
      consumers::kAppointmentConsumer,
      std::make_unique<consumers::AppointmentConsumer>(runtime.clock, runtime.rng)));
  module.leader_tasks.push_back(std::make_unique<timers::ExampleTimer>(runtime.clock));
  module.leader_tasks.push_back(std::make_unique<timers::MeetingTimer>(runtime.clock));
  module.leader_tasks.push_back(std::make_unique<timers::TrackTimer>(runtime.clock));
  module.leader_tasks.push_back(std::make_unique<timers::RepTimer>(runtime.clock, runtime.rng));
  return module;
}

}  // namespace

const app::ModuleSpec kModule{.name = "coaching",
                              .migrations = store::Migrations(),
                              .topics = kTopics,
                              .event = &v1::CoachingEvent::descriptor,
                              .aggregates = kAggregates,
                              .groups = kGroups,
                              .declare = &Declare,
                              .build = &Build};

}  // namespace finalmile::coaching
