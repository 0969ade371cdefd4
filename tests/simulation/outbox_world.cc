// Writers add amounts to counters, each addition with its events in one transaction and under a request id; a
// relay and a consumer in each of two processes carry them over to copies of the counters. Notes come from
// outside, without seq. Some events are poison until the quiet at the end, when an operator brings back or
// gives up what was parked.

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "libs/outbox/outbox.h"
#include "libs/outbox/schema.h"
#include "tests/simulation/toy_service.h"
#include "tests/simulation/world.h"

namespace finalmile::simulation {
namespace {

class Run {
 public:
  Run(uint64_t seed, const RunOptions& options)
      : simulation_(seed, {.trace = options.trace, .replay = options.replay}),
        servers_(simulation_, {{"outbox", outbox::Migrations()}, {"toy", ToyMigrations()}},
                 {{.name = kCounters, .partitions = 3}, {.name = kNotes, .partitions = 2}}),
        world_{simulation_, servers_, {}, false, {}, {}} {}

  Outcome Play() {
    Rng& rng = simulation_.rng();
    poison_ = rng.Below(2) == 0 ? 0 : 0.1;
    simulation_.faults() = testing::Faults::Draw(rng);
    for (const char* name : {"p1", "p2"}) {
      replicas_.push_back(std::make_unique<Replica>(simulation_, name, [this](Simulation::Process& process) {
        return std::make_unique<ToyProgram>(world_, process);
      }));
    }
    for (int client = 0; client < 3; ++client) {
      simulation_.Spawn(fmt::format("client {}", client), [this, client] { Client(client); });
    }
    for (int i = 0; i < 8; ++i) Trouble();
    while (clients_done_ < 3) simulation_.Sleep(absl::Seconds(1));
    simulation_.faults() = {};
    Settle();
    for (const auto& replica : replicas_) replica->Stop();
    simulation_.JoinAll();
    CheckStore();
    CheckTopic();
    return {world_.violations, simulation_.trace_hash(), simulation_.points(), simulation_.clock().Steady()};
  }

 private:
  Replica& AnyReplica() { return AnyOf(simulation_, replicas_); }
  void Violated(std::string what) { world_.violations.push_back(std::move(what)); }

  std::string Value() {
    Rng& rng = simulation_.rng();
    const char kind = rng.Uniform() < poison_ ? std::string_view("rsi")[rng.Below(3)] : kPlain;
    return fmt::format("{}{}", kind, 1 + rng.Below(9));
  }

  // What happens to the processes from outside.
  void Trouble() {
    Rng& rng = simulation_.rng();
    const uint64_t choice = Meddle(simulation_, replicas_, absl::Seconds(3), 6);
    if (choice == 2) simulation_.ShiftWallClock((rng.Uniform() - 0.5) * absl::Hours(2));
    if (choice == 3) ResolveSome();
  }

  void Client(int number) {
    Rng& rng = simulation_.rng();
    for (int i = 0; i < 8; ++i) {
      simulation_.Sleep(rng.Uniform() * absl::Milliseconds(800));
      const std::string id = fmt::format("{}-{}", number, i);
      if (rng.Below(4) == 0) {
        TakeNote(fmt::format("p{}", id));
      } else {
        Addition addition{id, fmt::format("counter/{}", rng.Below(4)), {Value()}};
        while (rng.Below(3) == 0) addition.values.push_back(Value());
        MakeAddition(std::move(addition));
      }
    }
    ++clients_done_;
  }

  // Whether the call was acknowledged.
  template <class Call>
  bool Do(const Call& call) {
    const auto answer = Persist(simulation_, replicas_, [&](Program& program, Simulation::Process& process) {
      return call(static_cast<ToyProgram&>(program), process);
    });
    if (answer && !answer->ok()) Violated("a client was refused: " + answer->ToString());
    return answer && answer->ok();
  }

  void MakeAddition(Addition addition) {
    const auto add = [&](ToyProgram& program, Simulation::Process& process) {
      return Add(program, process, addition);
    };
    if (!Do(add)) return;
    acknowledged_.insert(addition.request);
    // The same again has no effect; another body is refused.
    if (simulation_.rng().Below(4) == 0) Do(add);
    if (simulation_.rng().Below(8) == 0) {
      addition.values.emplace_back("p1");
      AnyReplica().Serve([&](Program& program, Simulation::Process& process) {
        if (Add(static_cast<ToyProgram&>(program), process, addition).ok())
          Violated("a used request id took another body");
      });
    }
  }

  void TakeNote(const std::string& value) {
    if (Do([&](ToyProgram& program, Simulation::Process& process) {
          return program.log->Append({{.topic = kNotes, .key = value, .value = value, .headers = {}}},
                                     process.clock().Steady() + absl::Seconds(5));
        })) {
      notes_.insert(value.substr(1));
    }
  }

  // The operator: brings parked records back, or gives them up.
  void ResolveSome() {
    Rng& rng = simulation_.rng();
    for (const storage::Row& row : servers_.Query("SELECT topic, partition, record_offset, key, seq, value "
                                                  "FROM parked WHERE state = 'failed' ORDER BY "
                                                  "topic, partition, record_offset")) {
      const bool skip = rng.Below(4) == 0;
      AnyReplica().Serve([&](Program& program, Simulation::Process& process) {
        auto& consumer = static_cast<ToyProgram&>(program).consumer;
        const absl::Duration deadline = process.clock().Steady() + absl::Seconds(5);
        const auto partition = static_cast<int32_t>(row.Int(1));
        if (skip) {
          // A crash after the commit leaves it unknown; the store tells in the end which it was.
          world_.skipped.emplace(std::pair(row.Text(3), row.Int(4)), AmountOf(row.Blob(5)));
          consumer.Skip(row.Text(0), partition, row.Int(2), deadline).IgnoreError();
          return;
        }
        const absl::Status retried = consumer.Retry(row.Text(0), partition, row.Int(2), deadline);
        if (retried.ok() && !world_.healed) {
          // Another operator's work may have made it a duplicate; else poison was applied.
          const bool gone = world_.skipped.contains({row.Text(3), row.Int(4)});
          if (!gone)
            Violated(
                fmt::format("poison {}/{} was brought back while it was poison", row.Text(3), row.Int(4)));
        }
      });
    }
  }

  // Without faults everything that waits comes to rest.
  void Settle() {
    world_.healed = true;
    const absl::Duration limit = simulation_.clock().Steady() + kSettleLimit;
    for (;;) {
      simulation_.Sleep(absl::Seconds(2));
      const int64_t outbox = servers_.Query("SELECT COUNT(*) FROM outbox")[0].Int(0);
      const int64_t parked = servers_.Query("SELECT COUNT(*) FROM parked")[0].Int(0);
      const int64_t lag = servers_.Lag("toy", kCounters) + servers_.Lag("toy", kNotes);
      if (outbox == 0 && parked == 0 && lag == 0) return;
      if (simulation_.clock().Steady() > limit) {
        Violated(fmt::format("does not come to rest: {} rows in the outbox, {} parked, {} records behind",
                             outbox, parked, lag));
        return;
      }
      if (parked > 0) ResolveSome();
    }
  }

  void CheckStore() {
    std::set<std::string> stored;
    std::map<std::string, int64_t> totals;
    for (const storage::Row& row : servers_.Query("SELECT request, key, amount FROM additions")) {
      stored.insert(row.Text(0));
      totals[row.Text(1)] += row.Int(2);
    }
    for (const std::string& request : acknowledged_) {
      if (!stored.contains(request)) Violated("lost: addition " + request);
    }
    std::map<std::string, std::pair<int64_t, int64_t>> copies;
    for (const storage::Row& row : servers_.Query("SELECT key, total FROM copies"))
      copies[row.Text(0)].first = row.Int(1);
    std::set<std::pair<std::string, int64_t>> copied;
    for (const storage::Row& row : servers_.Query("SELECT key, seq FROM copied"))
      copied.emplace(row.Text(0), row.Int(1));
    for (const storage::Row& row : servers_.Query("SELECT key, total, seq FROM counters")) {
      const std::string& key = row.Text(0);
      events_[key] = row.Int(2);
      if (totals[key] != row.Int(1)) {
        Violated(fmt::format("{}: additions make {}, the counter says {}", key, totals[key], row.Int(1)));
      }
      int64_t given_up = 0;
      for (int64_t seq = 1; seq <= row.Int(2); ++seq) {
        if (copied.contains({key, seq})) continue;
        const auto skip = world_.skipped.find({key, seq});
        if (skip == world_.skipped.end()) {
          Violated(fmt::format("{}: seq {} was not copied", key, seq));
        } else {
          given_up += skip->second;
        }
      }
      if (copies[key].first + given_up != row.Int(1)) {
        Violated(fmt::format("{}: the copy says {} and {} was given up, the counter says {}", key,
                             copies[key].first, given_up, row.Int(1)));
      }
    }
    std::set<std::string> notes;
    for (const storage::Row& row : servers_.Query("SELECT id FROM notes")) notes.insert(row.Text(0));
    for (const std::string& note : notes_) {
      if (!notes.contains(note)) Violated("lost: note " + note);
    }
  }

  void CheckTopic() {
    std::map<std::string, int64_t> seen;
    for (const events::Record& record : servers_.ReadTopic(kCounters)) {
      const int64_t seq = outbox::SeqOf(record).value_or(0);
      int64_t& last = seen[record.key];
      if (seq > last + 1) Violated(fmt::format("{}: the topic has seq {} after {}", record.key, seq, last));
      last = std::max(last, seq);
    }
    if (seen != events_) Violated("the topic ends with other seqs than the counters");
  }

  Simulation simulation_;
  Servers servers_;
  ToyWorld world_;
  double poison_ = 0;
  Replicas replicas_;
  int clients_done_ = 0;
  std::set<std::string> acknowledged_;
  std::set<std::string> notes_;
  std::map<std::string, int64_t> events_;
};

}  // namespace

Outcome RunOutboxWorld(uint64_t seed, const RunOptions& options) { return Run(seed, options).Play(); }

}  // namespace finalmile::simulation
