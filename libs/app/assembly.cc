#include "libs/app/assembly.h"

#include <utility>

#include "libs/base/status.h"
#include "libs/outbox/ledger.h"
#include "libs/outbox/relay.h"

namespace finalmile::app {

absl::StatusOr<std::unique_ptr<Assembly>> Assembly::Build(const ModuleSpec& spec,
                                                          const config::Config& config,
                                                          const Runtime& runtime) {
  std::unique_ptr<Assembly> assembly(new Assembly(spec, runtime));
  ASSIGN_OR_RETURN(assembly->module_, spec.build(config, assembly->runtime_));
  for (ModuleConsumer& consumer : assembly->module_.consumers) {
    assembly->consumers_.push_back(std::make_unique<outbox::ConsumerGroup>(
        consumer.options, consumer.members, runtime.database, runtime.events, runtime.clock, runtime.log,
        *consumer.handler, runtime.tracer));
  }
  assembly->election_ = std::make_unique<outbox::Election>(spec.name, assembly->runtime_.database,
                                                           assembly->runtime_.clock, assembly->runtime_.log);
  outbox::Relay::Options relay{.tracer = runtime.tracer};
  if (runtime.events.has_queue()) {
    assembly->sender_ = std::make_unique<outbox::Sender>(spec.name, runtime.database, runtime.events,
                                                         runtime.clock, runtime.log, runtime.tracer);
    relay.patience = outbox::kRelayPatience;
  }
  assembly->AddLeaderTask(std::make_unique<outbox::Relay>(runtime.events, runtime.clock, relay));
  assembly->AddLeaderTask(std::make_unique<outbox::LedgerSweeper>(runtime.clock));
  for (auto& task : std::exchange(assembly->module_.leader_tasks, {}))
    assembly->AddLeaderTask(std::move(task));

  std::vector<const outbox::ConsumerGroup*> consumers;
  for (const auto& consumer : assembly->consumers_) consumers.push_back(consumer.get());
  std::vector<const outbox::LeaderStep*> leaders;
  for (const auto& leader : assembly->leaders_) leaders.push_back(leader.get());
  assembly->watch_ = std::make_unique<StoreWatch>(
      spec.name, runtime.database, runtime.events, assembly->sender_.get(), std::move(consumers),
      std::move(leaders), runtime.clock, runtime.log, runtime.metrics);
  return assembly;
}

void Assembly::AddLeaderTask(std::unique_ptr<outbox::LeaderTask> task) {
  leaders_.push_back(std::make_unique<outbox::LeaderStep>(*election_, runtime_.database, runtime_.clock,
                                                          runtime_.log, std::move(task)));
}

std::vector<const rpc::Service*> Assembly::services() const {
  std::vector<const rpc::Service*> services;
  for (const auto& service : module_.services) services.push_back(service.get());
  return services;
}

std::vector<Step*> Assembly::steps() const {
  std::vector<Step*> steps;
  for (const auto& step : module_.steps) steps.push_back(step.get());
  steps.insert(steps.end(), module_.shared_steps.begin(), module_.shared_steps.end());
  for (const auto& consumer : consumers_) {
    for (const auto& member : consumer->members()) steps.push_back(member.get());
  }
  if (sender_ != nullptr) steps.push_back(sender_.get());
  steps.push_back(election_.get());
  for (const auto& leader : leaders_) steps.push_back(leader.get());
  steps.push_back(watch_.get());
  return steps;
}

}  // namespace finalmile::app
