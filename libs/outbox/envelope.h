#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "finalmile/v1/principal.pb.h"
#include "libs/base/clock.h"
#include "libs/base/random.h"
#include "libs/base/trace_context.h"
#include "libs/outbox/outbox.h"
#include "libs/outbox/topic.h"
#include "libs/rpc/context.h"
#include "libs/rpc/timestamps.h"

// The envelope that the events of every service have: a message with id, time, recorded_time, key, seq,
// principal and, as its first oneof, the event itself.
namespace finalmile::outbox {

// Who is behind a change; stands in its events.
struct Cause {
  v1::Principal principal;
};
// Who calls.
Cause CauseOf(const rpc::CallContext& context);
// A task or consumer of a service: "leads.fading".
Cause CauseOf(std::string_view task);

// What an event needs beside its content.
struct EventContext {
  const Clock& clock;
  Rng& rng;
  absl::Time now;
  const Cause& cause;
};

// An envelope without its event.
template <class Event>
Event NewEvent(const EventContext& context, std::string key, int64_t seq) {
  Event event;
  event.set_id(NewUuid(context.clock, context.rng));
  *event.mutable_time() = rpc::ToTimestamp(context.now);
  *event.mutable_recorded_time() = event.time();
  event.set_key(std::move(key));
  event.set_seq(seq);
  *event.mutable_principal() = context.cause.principal;
  return event;
}

// The full name of the message in the first oneof of `envelope`, which is set.
std::string TypeOf(const google::protobuf::Message& envelope);

// "/finalmile/leads" for a message of the package finalmile.leads.v1.
std::string SourceOf(const google::protobuf::Descriptor& message);

// The outbox row of an event, on the topic of its envelope.
template <class Event>
OutgoingEvent ToOutbox(const Event& event, const std::optional<TraceContext>& trace = std::nullopt) {
  static const std::string source = SourceOf(*Event::descriptor());
  return {TopicName<Event>(),
          event.key(),
          event.seq(),
          event.id(),
          source,
          TypeOf(event),
          rpc::FromTimestamp(event.time()),
          trace,
          event.SerializeAsString()};
}

// A finished envelope, and the trace that it belongs to: what the thread does when it is made.
template <class Event>
struct TracedEvent {
  Event event;
  std::optional<TraceContext> trace = TraceScope::Current();
};

// As Write, for finished envelopes whose aggregates' rows were locked, each key's in order of seq.
template <class Event>
absl::Status WriteEvents(storage::Transaction& transaction, const std::vector<TracedEvent<Event>>& events) {
  std::vector<OutgoingEvent> outgoing;
  outgoing.reserve(events.size());
  for (const TracedEvent<Event>& one : events) outgoing.push_back(ToOutbox(one.event, one.trace));
  return Write(transaction, outgoing);
}

}  // namespace finalmile::outbox
