#include "libs/testing/faulty_event_log.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>

namespace finalmile::testing {
namespace {

absl::Status BrokerLost() { return absl::UnavailableError("simulated: the event log cannot be reached"); }

}  // namespace

absl::Status EventLogServer::Append(const std::vector<events::Message>& messages, absl::Duration deadline) {
  simulation_.Gate("append");
  const Faults& faults = simulation_.faults();
  if (simulation_.Strikes(faults.fail)) return BrokerLost();
  if (messages.size() > 1 && simulation_.Strikes(faults.lose_reply)) {
    Cut cut = CutOff(messages);
    AppendLate(std::move(cut.late));
    Simulation::EngineScope engine(simulation_);
    if (!cut.stored.empty()) log_.Append(cut.stored, deadline).IgnoreError();
    return BrokerLost();
  }
  absl::Status status;
  {
    Simulation::EngineScope engine(simulation_);
    status = log_.Append(messages, deadline);
  }
  simulation_.Gate("acknowledgement");
  if (status.ok() && simulation_.Strikes(faults.lose_reply)) return BrokerLost();
  return status;
}

EventLogServer::Cut EventLogServer::CutOff(const std::vector<events::Message>& messages) {
  Cut cut;
  // Each key is cut at a place of its own, as its partition's leader may fail alone.
  std::map<std::string, bool> lost;
  for (const events::Message& message : messages) {
    bool& after = lost[message.key];
    after = after || simulation_.Strikes(0.3);
    (after ? cut.late : cut.stored).push_back(message);
  }
  if (!simulation_.Strikes(0.5)) cut.late.clear();
  return cut;
}

void EventLogServer::AppendLate(std::vector<events::Message> messages) {
  if (messages.empty()) return;
  const absl::Duration delay = absl::Seconds(10) * simulation_.rng().Uniform();
  simulation_.Spawn("late append", [this, delay, messages = std::move(messages)] {
    simulation_.Sleep(delay);
    log_.Append(messages, simulation_.clock().Steady() + absl::Minutes(1)).IgnoreError();
  });
}

class EventLogServer::FaultyConsumer final : public events::Consumer {
 public:
  FaultyConsumer(Simulation& simulation, std::unique_ptr<events::Consumer> inner)
      : simulation_(simulation), inner_(std::move(inner)) {}

  absl::StatusOr<events::Polled> Poll(int max_records) override {
    simulation_.Gate("poll");
    const Faults& faults = simulation_.faults();
    if (simulation_.Strikes(faults.fail)) return BrokerLost();
    Simulation::EngineScope engine(simulation_);
    if (simulation_.Strikes(faults.expel) && !inner_->Rejoin().ok()) return BrokerLost();
    // Small bites, so that batches end anywhere.
    const int bite = simulation_.Strikes(0.5) ? 3 : max_records;
    auto polled = inner_->Poll(std::min(bite, max_records));
    if (polled.ok() && polled->records.size() > 2 && simulation_.Strikes(faults.expel))
      LeaveOut(polled->records);
    return polled;
  }

  absl::Status Start(const std::vector<events::PartitionOffset>& offsets) override {
    simulation_.Gate("start");
    if (simulation_.Strikes(simulation_.faults().fail)) return BrokerLost();
    Simulation::EngineScope engine(simulation_);
    return inner_->Start(offsets);
  }

  absl::Status Rejoin() override {
    simulation_.Gate("rejoin");
    if (simulation_.Strikes(simulation_.faults().fail)) return BrokerLost();
    Simulation::EngineScope engine(simulation_);
    return inner_->Rejoin();
  }

  void Report(const std::vector<events::PartitionOffset>& offsets) override { inner_->Report(offsets); }

 private:
  // A hole shows by what comes behind it, in the same partition.
  void LeaveOut(std::vector<events::Record>& records) {
    for (auto record = records.begin(); record + 1 != records.end(); ++record) {
      if (record->topic != (record + 1)->topic || record->partition != (record + 1)->partition) continue;
      if (left_out_.emplace(record->topic, record->partition, record->offset).second) records.erase(record);
      return;
    }
  }

  Simulation& simulation_;
  const std::unique_ptr<events::Consumer> inner_;
  // Records that were held back; each comes when it is asked for again.
  std::set<std::tuple<std::string, int32_t, int64_t>> left_out_;
};

class EventLogServer::FaultyTail final : public events::Tail {
 public:
  FaultyTail(Simulation& simulation, std::unique_ptr<events::Tail> inner)
      : simulation_(simulation), inner_(std::move(inner)) {}

  absl::StatusOr<std::vector<events::Record>> Poll(int max_records) override {
    simulation_.Gate("tail");
    if (simulation_.Strikes(simulation_.faults().fail)) return BrokerLost();
    Simulation::EngineScope engine(simulation_);
    return inner_->Poll(max_records);
  }
  bool caught_up() const override { return inner_->caught_up(); }

 private:
  Simulation& simulation_;
  const std::unique_ptr<events::Tail> inner_;
};

class EventLogServer::Session final : public events::EventLog {
 public:
  Session(EventLogServer& server, bool queue)
      : server_(server), simulation_(server.simulation_), log_(server.log_), queue_(queue) {}

  absl::Status Append(const std::vector<events::Message>& messages, absl::Duration deadline) override {
    return server_.Append(messages, deadline);
  }

  bool has_queue() const override { return queue_; }

  // The append goes on although the process crashes, as one that has left its queue for the network.
  absl::StatusOr<std::unique_ptr<Pending>> TryStartAppend(const std::vector<events::Message>& messages,
                                                          std::shared_ptr<Signal> signal) override {
    const Faults& faults = simulation_.faults();
    if (!queue_ || simulation_.Strikes(faults.delay)) return nullptr;
    if (simulation_.Strikes(faults.fail)) return BrokerLost();
    const bool lost = simulation_.Strikes(faults.lose_reply);
    Cut cut = lost ? server_.CutOff(messages) : Cut{messages, {}};
    const absl::Duration delay =
        (simulation_.Strikes(faults.delay) ? absl::Seconds(4) : absl::Milliseconds(20)) *
        simulation_.rng().Uniform();
    const auto outcome = std::make_shared<std::optional<absl::Status>>();
    simulation_.Spawn("append", [this_server = &server_, delay, lost, outcome, signal = std::move(signal),
                                 cut = std::move(cut)] {
      Simulation& simulation = this_server->simulation_;
      simulation.Sleep(delay);
      absl::Status status;
      if (!cut.stored.empty())
        status = this_server->log_.Append(cut.stored, simulation.clock().Steady() + absl::Minutes(1));
      // Behind the first ones of their keys.
      this_server->AppendLate(cut.late);
      *outcome = lost ? BrokerLost() : status;
      signal->Set();
    });
    return std::make_unique<UnderWay>(outcome);
  }

  int64_t max_message_bytes() const override { return log_.max_message_bytes(); }
  std::string_view system() const override { return log_.system(); }

  absl::StatusOr<std::unique_ptr<events::Consumer>> Join(std::string_view group,
                                                         const std::vector<std::string>& topics,
                                                         WaitEvent& wake) override {
    simulation_.Gate("join");
    if (simulation_.Strikes(simulation_.faults().fail)) return BrokerLost();
    Simulation::EngineScope engine(simulation_);
    auto inner = log_.Join(group, topics, wake);
    if (!inner.ok()) return inner.status();
    return std::make_unique<FaultyConsumer>(simulation_, *std::move(inner));
  }

  absl::StatusOr<std::unique_ptr<events::Tail>> OpenTail(const std::vector<std::string>& topics,
                                                         events::TailFrom from, absl::Duration deadline,
                                                         WaitEvent& wake) override {
    simulation_.Gate("open tail");
    if (simulation_.Strikes(simulation_.faults().fail)) return BrokerLost();
    Simulation::EngineScope engine(simulation_);
    auto inner = log_.OpenTail(topics, from, deadline, wake);
    if (!inner.ok()) return inner.status();
    return std::make_unique<FaultyTail>(simulation_, *std::move(inner));
  }

  absl::StatusOr<std::vector<events::PartitionOffset>> EndOffsets(const std::vector<std::string>& topics,
                                                                  absl::Duration deadline) override {
    simulation_.Gate("end offsets");
    if (simulation_.Strikes(simulation_.faults().fail)) return BrokerLost();
    Simulation::EngineScope engine(simulation_);
    return log_.EndOffsets(topics, deadline);
  }

  absl::StatusOr<std::vector<events::PartitionOffset>> StartOffsets(const std::vector<std::string>& topics,
                                                                    absl::Duration deadline) override {
    simulation_.Gate("start offsets");
    if (simulation_.Strikes(simulation_.faults().fail)) return BrokerLost();
    Simulation::EngineScope engine(simulation_);
    return log_.StartOffsets(topics, deadline);
  }

  absl::Status ApplyTopics(const std::vector<events::TopicSpec>& topics, absl::Duration deadline) override {
    simulation_.Gate("apply topics");
    if (simulation_.Strikes(simulation_.faults().fail)) return BrokerLost();
    Simulation::EngineScope engine(simulation_);
    return log_.ApplyTopics(topics, deadline);
  }

  absl::StatusOr<std::vector<events::TopicSpec>> ListTopics(absl::Duration deadline) override {
    simulation_.Gate("list topics");
    if (simulation_.Strikes(simulation_.faults().fail)) return BrokerLost();
    Simulation::EngineScope engine(simulation_);
    return log_.ListTopics(deadline);
  }

  std::vector<Step*> steps() override { return {}; }

 private:
  struct UnderWay final : Pending {
    explicit UnderWay(std::shared_ptr<std::optional<absl::Status>> outcome) : outcome(std::move(outcome)) {}
    std::optional<absl::Status> Outcome() override { return *outcome; }
    absl::Status GiveUp() override { return absl::DeadlineExceededError("simulated: the append is slow"); }
    const std::shared_ptr<std::optional<absl::Status>> outcome;
  };

  EventLogServer& server_;
  Simulation& simulation_;
  events::EventLog& log_;
  const bool queue_;
};

std::unique_ptr<events::EventLog> EventLogServer::Connect(bool queue) {
  return std::make_unique<Session>(*this, queue);
}

}  // namespace finalmile::testing
