#include "libs/outbox/relay.h"

#include "libs/outbox/leader.h"
#include "libs/outbox/test_fixture.h"

namespace finalmile::outbox {
namespace {

class RelayTest : public OutboxTest {
 protected:
  RelayTest() {
    step_ = std::make_unique<LeaderStep>(election_, *database, clock, logger,
                                         std::make_unique<Relay>(*events, clock, Relay::Options{.batch = 2}));
    election_.Run();
    step_->wake().Clear();
  }

  void Emit(const std::string& key, int64_t seq, bool commit = true) {
    const absl::Status done = store_->Transact({.deadline = Soon()}, [&](storage::Transaction& transaction) {
      const absl::Status written = Write(transaction, {{.topic = "t",
                                                        .key = key,
                                                        .seq = seq,
                                                        .id = "id-" + key,
                                                        .source = "/s",
                                                        .type = "s.Done",
                                                        .time = absl::FromUnixSeconds(1),
                                                        .trace = {},
                                                        .value = key + std::to_string(seq)}});
      return commit ? written : absl::CancelledError("changed its mind");
    });
    EXPECT_EQ(done.ok(), commit) << done;
  }
  bool Woken() { return step_->wake().WaitUntil(absl::ZeroDuration()); }

  std::vector<events::Record> Topic() {
    const auto wake = clock.NewWaitEvent();
    return *(*log_->OpenTail({"t"}, events::TailFrom::kStart, Soon(), *wake))->Poll(100);
  }
  Strings Values() {
    Strings values;
    for (const events::Record& record : Topic()) values.push_back(record.value);
    return values;
  }
  int64_t Unsent() { return *OutboxDepth(*database, Soon()); }

  Election election_{"s", *database, clock, logger};
  std::unique_ptr<LeaderStep> step_;
};

TEST_F(RelayTest, SendsInOrderOfWritingAndForgets) {
  for (int seq = 1; seq <= 5; ++seq) Emit("k", seq);
  EXPECT_EQ(Unsent(), 5);
  Drive(*step_);
  EXPECT_EQ(Values(), (Strings{"k1", "k2", "k3", "k4", "k5"}));
  EXPECT_EQ(Unsent(), 0);
}

TEST_F(RelayTest, CarriesTheAttributesAsHeaders) {
  Emit("k", 7);
  Drive(*step_);
  const events::Record record = Topic()[0];
  EXPECT_EQ(record.key, "k");
  EXPECT_EQ(*SeqOf(record), 7);
  const std::map<std::string, std::string> headers(record.headers.begin(), record.headers.end());
  EXPECT_EQ(headers.at("ce_specversion"), "1.0");
  EXPECT_EQ(headers.at("ce_type"), "s.Done");
  EXPECT_EQ(headers.at("ce_subject"), "k");
  EXPECT_EQ(headers.at("ce_time"), "1970-01-01T00:00:01+00:00");
  EXPECT_FALSE(headers.contains("traceparent"));
}

TEST_F(RelayTest, IsWokenByACommitAlone) {
  Drive(*step_);
  EXPECT_FALSE(Woken());
  Emit("k", 1, false);
  EXPECT_FALSE(Woken());
  Emit("k", 1);
  EXPECT_TRUE(Woken());
}

TEST_F(RelayTest, AFailureBetweenAppendAndDeleteSendsTwiceInOrder) {
  for (int seq = 1; seq <= 3; ++seq) Emit("k", seq);
  int failures = 2;
  events->after_append = [&] {
    return failures-- > 0 ? absl::UnavailableError("no answer") : absl::OkStatus();
  };
  for (int i = 0; i < 5; ++i) {
    Drive(*step_);
    clock.Advance(absl::Seconds(1));
  }
  EXPECT_EQ(Values(), (Strings{"k1", "k2", "k1", "k2", "k1", "k2", "k3"}));
  EXPECT_EQ(Unsent(), 0);
}

TEST_F(RelayTest, ALeaderThatLostItsLockDeletesNothing) {
  Emit("k", 1);
  events->after_append = [&] {
    database->expel = true;
    return absl::OkStatus();
  };
  step_->Run();
  EXPECT_TRUE(election_.wake().WaitUntil(absl::ZeroDuration()));
  election_.Run();
  EXPECT_FALSE(step_->is_leader());
  EXPECT_EQ(Unsent(), 1) << "another leader may be sending it";
  database->expel = false;
  events->after_append = [] { return absl::OkStatus(); };
  clock.Advance(absl::Seconds(1));
  election_.Run();
  EXPECT_TRUE(step_->is_leader());
  Drive(*step_);
  EXPECT_EQ(Values(), (Strings{"k1", "k1"}));
  EXPECT_EQ(Unsent(), 0);
}

TEST_F(RelayTest, ABrokerThatIsAwayDoesNotCostTheLock) {
  Emit("k", 1);
  events->after_append = [&] {
    // Append takes its time, while the election beats.
    for (int i = 0; i < 5; ++i) {
      clock.Advance(absl::Seconds(1));
      election_.Run();
    }
    return absl::UnavailableError("no broker");
  };
  step_->Run();
  election_.Run();
  EXPECT_TRUE(step_->is_leader());
  EXPECT_EQ(Unsent(), 1);
}

TEST_F(RelayTest, LooksAgainThoughNothingWokeIt) {
  EXPECT_EQ(step_->Run(), clock.Steady() + absl::Seconds(1));
}

}  // namespace
}  // namespace finalmile::outbox
