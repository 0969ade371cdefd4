#pragma once

#include <memory>
#include <vector>

#include "libs/events/event_log.h"
#include "libs/testing/simulation.h"

namespace finalmile::testing {

// An event log's server as simulated processes see it: one open log, which outlives them, behind sessions
// whose calls meet the simulation's faults.
//
// What a fault does follows the contract of events::EventLog: a failed Append may have stored any of its
// messages, the first ones of a key before its later ones, and a late network may store the others when
// nobody waits any more; a consumer may be sent records with a hole once, and may lose its partitions at any
// time.
class EventLogServer {
 public:
  // `log` was opened on the simulation's clock.
  EventLogServer(Simulation& simulation, events::EventLog& log) : simulation_(simulation), log_(log) {}

  // The log as one process sees it. It must not outlive the server. `queue`: as an engine with a queue of its
  // own.
  std::unique_ptr<events::EventLog> Connect(bool queue = false);

 private:
  class Session;
  class FaultyConsumer;
  class FaultyTail;

  // What a lost connection makes of an append: the messages that are stored all the same, and those that a
  // late network may store when nobody waits any more.
  struct Cut {
    std::vector<events::Message> stored;
    std::vector<events::Message> late;
  };

  absl::Status Append(const std::vector<events::Message>& messages, absl::Duration deadline);
  Cut CutOff(const std::vector<events::Message>& messages);
  void AppendLate(std::vector<events::Message> messages);

  Simulation& simulation_;
  events::EventLog& log_;
};

}  // namespace finalmile::testing
