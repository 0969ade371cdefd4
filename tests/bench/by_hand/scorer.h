#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "finalmile/leads/v1/activity.pb.h"
#include "finalmile/leads/v1/lead_event.pb.h"
#include "tests/bench/by_hand/postgres.h"
#include "tests/bench/by_hand/producer.h"

struct rd_kafka_s;
struct rd_kafka_queue_s;
struct rd_kafka_message_s;

namespace finalmile::bench::by_hand {

struct Options {
  std::string store;
  std::string servers;
  // What is consumed, and where RecordActivity appends; what is emitted.
  std::string activities;
  std::string events;
  // Threads that consume, each with a session of its own.
  int members = 1;
};

// `value` points at `time`, in microseconds.
struct Fading {
  double value = 0;
  int64_t time = 0;
};

// What the row of a lead holds, kept in memory: nothing is read while activities are scored.
struct Lead {
  std::string id;
  int64_t seq = 0;
  double fit = 0;
  Fading short_half_life;
  Fading long_half_life;
  std::string limits;
  std::string grade;
  std::string lane;
  int64_t told_time = 0;
  int64_t ready_seq = 0;
  std::optional<int64_t> crossing;
  std::optional<int64_t> due_time;
  // Whether it is in the batch that is being made.
  bool changed = false;
};
using Leads = std::unordered_map<std::string, Lead>;

// Every lead there is, by its resource name. Also makes the places in the topic, at its end where there are
// none.
Leads Load(const Options& options);

// One member: consumes its share of the partitions, and for each batch writes the ledger, scores, events and
// places in one transaction and one flush. The events are sent from memory after the commit, and their rows
// deleted with the next transaction. No fence, no retry, no reading of what a crash would leave unsent.
class Scorer {
 public:
  // Leads of other members' partitions are left alone, so that `leads` may be shared. All must outlive it.
  Scorer(const Options& options, int member, Leads& leads, Producer& producer);
  ~Scorer();
  // For ever.
  void Run();

 private:
  struct Event;
  struct Batch;

  // Some records, or none after 50 ms.
  size_t Poll();
  void Take(const rd_kafka_message_s& message, Batch& batch);
  void Count(Lead& lead, const leads::v1::Activity& activity, Batch& batch);
  leads::v1::LeadEvent& Emit(Lead& lead, int64_t now, Batch& batch);
  void Write(Lead& lead, Batch& batch);

  const Options& options_;
  Leads& leads_;
  Producer& producer_;
  Session session_;
  rd_kafka_s* consumer_;
  rd_kafka_queue_s* queue_;
  std::vector<rd_kafka_message_s*> messages_;
  // Committed and sent, oldest first.
  std::deque<std::unique_ptr<Batch>> sent_;
  int64_t ids_ = 0;
};

}  // namespace finalmile::bench::by_hand
