#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "google/protobuf/descriptor.h"
#include "libs/base/clock.h"
#include "libs/base/finding.h"
#include "libs/base/log.h"
#include "libs/base/random.h"
#include "libs/base/span.h"
#include "libs/base/step.h"
#include "libs/config/config.h"
#include "libs/events/event_log.h"
#include "libs/outbox/consumer_group.h"
#include "libs/outbox/leader.h"
#include "libs/outbox/resequence.h"
#include "libs/outbox/topic.h"
#include "libs/rpc/service.h"
#include "libs/storage/database.h"
#include "libs/storage/migrate.h"
#include "libs/telemetry/metrics.h"

namespace finalmile::app {

// A message of a contract, for constants: descriptors themselves are made after the start of the program.
using MessageType = const google::protobuf::Descriptor* (*)();

// A consumer group of a service, and the message whose topic it reads.
struct GroupSpec {
  std::string_view name;
  MessageType message;
};

// What a module is built on. It and everything it refers to outlive the module.
struct Runtime {
  Clock& clock;
  Rng& rng;
  storage::Database& database;
  events::EventLog& events;
  // Under the module's name.
  Log& log;
  telemetry::Metrics& metrics;
  // Records the spans of the service; null: nobody does.
  Tracer* tracer = nullptr;
};

// A consumer group of a service and what it does with its records.
struct ModuleConsumer {
  outbox::ConsumerOptions options;
  // Used by all members at once.
  std::unique_ptr<outbox::Handler> handler;
  // Members of the group in each process, see outbox::ConsumerGroup.
  int members = 1;
};

// A consumer group "SERVICE.NAME" of the topic of Message. `handler` reads its records with
// outbox::ReadBatch.
template <class Message>
ModuleConsumer ConsumerOf(std::string_view name, std::unique_ptr<outbox::Handler> handler, int members = 1) {
  ModuleConsumer consumer;
  consumer.options.name = name;
  consumer.options.topics = {outbox::TopicName<Message>()};
  consumer.handler = std::move(handler);
  consumer.members = members;
  return consumer;
}

// A service as the process runs it: what it serves and what it does in the background. Made by the service's
// wiring.cc. The relay of its outbox and the sweeper of its request ledger are not listed: the process adds
// them to every module.
struct Module {
  // Objects the others refer to; destroyed last.
  std::shared_ptr<void> state;
  std::vector<std::unique_ptr<rpc::Service>> services;
  std::vector<ModuleConsumer> consumers;
  // Run by one process per store.
  std::vector<std::unique_ptr<outbox::LeaderTask>> leader_tasks;
  // Run by every process.
  std::vector<std::unique_ptr<Step>> steps;
  // The same, owned by `state`.
  std::vector<Step*> shared_steps;
};

// What is fixed about a service: a constant beside its wiring.
struct ModuleSpec {
  // "leads": of [a-z]. Also the component of its migrations, and what the names of its steps and settings
  // begin with.
  std::string_view name;
  // Run in order, before the module is built. The library's own (outbox) come first by themselves.
  std::span<const storage::Migration> migrations = {};
  // Messages whose topics the service writes or reads, by their descriptors: &v1::LeadEvent::descriptor. A
  // topic that the service reads is made by whichever of its services comes first.
  std::span<const MessageType> topics = {};
  // The envelope of the events that the service writes, and the aggregates that they are about: what
  // `finalmile resequence` needs after a restore. Null: it writes none.
  MessageType event = nullptr;
  std::span<const outbox::AggregateTable> aggregates = {};
  // The consumer groups that the module has when it is built.
  std::span<const GroupSpec> groups = {};
  // Declares the service's own settings ("leads-…") beside the common ones. May be empty.
  std::function<void(config::Schema&)> declare = {};
  std::function<absl::StatusOr<Module>(const config::Config&, Runtime&)> build = {};
  // Looks, for `finalmile doctor`, at what the service needs beside its store and its topics, and changes
  // nothing. Each question may take so long. May be empty.
  std::function<std::vector<FindingGroup>(const config::Config&, Clock&, absl::Duration patience)> diagnose =
      {};
};

}  // namespace finalmile::app
