#include "services/leads/wiring.h"

#include "finalmile/appointments/v1/appointment_event.pb.h"
#include "finalmile/leads/v1/activity.pb.h"
#include "finalmile/leads/v1/lead_event.pb.h"
#include "libs/base/status.h"
#include "libs/config/embedded.h"
#include "libs/config/yaml_message.h"
#include "libs/outbox/secret.h"
#include "services/leads/consumers/activity_consumer.h"
#include "services/leads/consumers/meeting_consumer.h"
#include "services/leads/handlers/register.h"
#include "services/leads/scoring/lead_batch.h"
#include "services/leads/scoring/publish_policy.h"
#include "services/leads/store/schema.h"
#include "services/leads/timers/crossing_timer.h"
#include "services/leads/timers/history_sweeper.h"
#include "services/leads/timers/lead_timers.h"

namespace finalmile::leads {

// Made by finalmile_embed.
std::span<const config::EmbeddedFile> DefaultPolicy();

namespace {

constexpr absl::Duration kStartTimeout = absl::Seconds(10);

// What the parts of the module share.
struct State {
  explicit State(std::string key) : erasures(std::move(key)) {}
  scoring::Policies policies;
  const scoring::Erasures erasures;
};

constexpr app::MessageType kTopics[] = {&v1::Activity::descriptor, &v1::LeadEvent::descriptor,
                                        &appointments::v1::AppointmentEvent::descriptor};
constexpr outbox::AggregateTable kAggregates[] = {{"leads/", "leads"}};

constexpr app::GroupSpec kGroups[] = {
    {consumers::kActivityConsumer, &v1::Activity::descriptor},
    {consumers::kMeetingConsumer, &appointments::v1::AppointmentEvent::descriptor}};

absl::StatusOr<app::Module> Build(const config::Config&, app::Runtime& runtime) {
  ASSIGN_OR_RETURN(std::string key,
                   outbox::SharedSecret(runtime.database, "leads.erasures", runtime.clock, runtime.rng,
                                        runtime.clock.Steady() + kStartTimeout));
  auto state = std::make_shared<State>(std::move(key));
  scoring::Policies* const policies = &state->policies;
  const handlers::Dependencies dependencies{runtime.clock,    runtime.rng,
                                            runtime.database, runtime.events,
                                            *policies,        scoring::LateActivities(runtime.metrics),
                                            state->erasures};
  v1::Policy policy;
  RETURN_IF_ERROR(
      config::ParseYamlMessage(DefaultPolicy().front().content, "policies/b2b-software-1.yaml", policy));
  RETURN_IF_ERROR(scoring::EnsurePolicy(runtime.database, *policies, policy, runtime.clock, runtime.rng,
                                        runtime.clock.Steady() + kStartTimeout));

  app::Module module;
  module.services.push_back(handlers::NewLeadService(dependencies));
  module.services.push_back(handlers::NewScoringService(dependencies));
  // Two members made the backlog of P4 half as fast again; the hot topic is bound by its commits.
  module.consumers.push_back(app::ConsumerOf<v1::Activity>(
      consumers::kActivityConsumer,
      std::make_unique<consumers::ActivityConsumer>(
          runtime.clock, runtime.rng, *policies, state->erasures, dependencies.late.by_topic,
          runtime.metrics.Counter("finalmile_leads_erased_activities_total",
                                  "Activities not taken because their lead was erased.", {})),
      /*members=*/2));
  module.consumers.push_back(app::ConsumerOf<appointments::v1::AppointmentEvent>(
      consumers::kMeetingConsumer,
      std::make_unique<consumers::MeetingConsumer>(runtime.clock, runtime.rng, *policies)));
  module.leader_tasks.push_back(std::make_unique<timers::CrossingTimer>(runtime.clock));
  module.leader_tasks.push_back(std::make_unique<timers::FadingTimer>(runtime.clock, runtime.rng, *policies));
  module.leader_tasks.push_back(std::make_unique<timers::Rescorer>(runtime.clock, runtime.rng, *policies,
                                                                   runtime.log, runtime.metrics));
  module.leader_tasks.push_back(std::make_unique<timers::HistorySweeper>(runtime.clock, *policies));
  module.state = std::move(state);
  return module;
}

}  // namespace

const app::ModuleSpec kModule{.name = "leads",
                              .migrations = store::Migrations(),
                              .topics = kTopics,
                              .event = &v1::LeadEvent::descriptor,
                              .aggregates = kAggregates,
                              .groups = kGroups,
                              .declare = nullptr,
                              .build = &Build};

}  // namespace finalmile::leads
