#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "finalmile/v1/principal.pb.h"
#include "libs/app/assembly.h"
#include "libs/base/random.h"
#include "libs/outbox/topic.h"
#include "libs/rpc/answer.h"
#include "libs/rpc/client.h"
#include "libs/rpc/service.h"
#include "libs/testing/logs.h"
#include "libs/testing/manual_clock.h"
#include "libs/testing/rerunning_database.h"
#include "libs/testing/temporary_folder.h"

namespace finalmile::testing {

// One service on the embedded engines, in a folder of its own, on one thread and a clock that the test moves:
// calls go through a local channel, background work runs when the test says so. Every function of a
// transaction runs twice, as after a conflict. Any mistake in setting up ends the process with the error.
class ModuleHarness {
 public:
  // On the store at `store_url`, an empty PostgreSQL database; empty: an embedded one.
  explicit ModuleHarness(const app::ModuleSpec& spec, std::string store_url = {});
  ~ModuleHarness();

  // Calls as an admin.
  rpc::Channel& channel() { return *channel_; }
  // Calls with these roles alone, whose answers have at most `max_answer` bytes; ends with Restart.
  std::unique_ptr<rpc::Channel> ChannelAs(const std::string& name, const std::vector<v1::Role>& roles,
                                          size_t max_answer = rpc::kDefaultMaxAnswer);
  // What the network's thread answers at once to a call of `method`, a full name, with these roles; nullopt:
  // a handler is run.
  std::optional<absl::StatusOr<rpc::SharedBytes>> AnswerInline(std::string_view method,
                                                               const std::vector<v1::Role>& roles,
                                                               const google::protobuf::Message& request);
  ManualClock& clock() { return clock_; }
  Rng& rng() { return *rng_; }
  storage::Database& database() { return *database_; }
  events::EventLog& events() { return *events_; }
  const CapturingLog& log() const { return log_; }
  const telemetry::Metrics& metrics() const { return metrics_; }
  // Where the embedded store and event log keep their files.
  const std::string& folder() const { return folder_.path(); }
  outbox::Consumer& consumer(size_t index) { return *assembly_->consumers()[index]->members().front(); }

  // Runs consumers, relay and the other leader tasks until none has anything to do at this moment.
  void Settle();
  // Runs the consumers alone until they have nothing to do at this moment.
  void Consume();
  // Closes everything and opens it again from the files.
  void Restart();
  // Everything in a topic, from its start, in order per key.
  std::vector<events::Record> ReadTopic(std::string_view topic);
  // The topic of Envelope, parsed. Fails the test on what is no Envelope, and on a seq that does not follow
  // its predecessor.
  template <class Envelope>
  std::vector<Envelope> ReadEvents() {
    std::vector<Envelope> events;
    std::map<std::string, int64_t> seqs;
    for (const events::Record& record : ReadTopic(outbox::TopicName<Envelope>())) {
      Envelope& event = events.emplace_back();
      EXPECT_TRUE(event.ParseFromString(record.value));
      EXPECT_EQ(event.key(), record.key);
      EXPECT_EQ(event.seq(), ++seqs[event.key()]) << event.key();
    }
    return events;
  }

 private:
  void Open();
  void Close();
  void Run(const std::vector<Step*>& steps);

  const app::ModuleSpec& spec_;
  const TemporaryFolder folder_;
  const std::string store_url_;
  ManualClock clock_;
  std::unique_ptr<Rng> rng_;
  CapturingLog log_;
  telemetry::Metrics metrics_;
  std::unique_ptr<storage::Database> database_;
  std::unique_ptr<RerunningDatabase> rerunning_;
  std::unique_ptr<events::EventLog> events_;
  std::unique_ptr<config::Config> config_;
  std::unique_ptr<app::Assembly> assembly_;
  std::unique_ptr<rpc::Channel> channel_;
};

}  // namespace finalmile::testing
