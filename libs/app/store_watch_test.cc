#include "libs/app/store_watch.h"

#include <gtest/gtest.h>

#include <cmath>
#include <memory>
#include <string>

#include "libs/app/assembly.h"
#include "libs/app/deployment.h"
#include "libs/app/events_watch.h"
#include "libs/app/settings.h"
#include "libs/app/testdata/notes_module.h"
#include "libs/base/status.h"
#include "libs/outbox/outbox.h"
#include "libs/outbox/schema.h"
#include "libs/testing/forwarding_event_log.h"
#include "libs/testing/logs.h"
#include "libs/testing/manual_clock.h"
#include "libs/testing/temporary_folder.h"

namespace finalmile::app {
namespace {

constexpr char kTopic[] = "finalmile.apptest.notes.v1";

// A store that the test takes away.
class Store final : public storage::Database {
 public:
  explicit Store(storage::Database& inner) : inner_(inner) {}
  storage::Engine engine() const override { return inner_.engine(); }
  absl::Status Transact(const storage::TransactOptions& options,
                        const storage::TransactionFunction& function) override {
    return away ? absl::UnavailableError("the store is away") : inner_.Transact(options, function);
  }
  absl::StatusOr<std::unique_ptr<storage::Leadership>> Elect(std::string_view name,
                                                             absl::Duration deadline) override {
    return inner_.Elect(name, deadline);
  }
  std::unique_ptr<storage::Subscription> Subscribe(std::string_view channel, WaitEvent& event) override {
    return inner_.Subscribe(channel, event);
  }
  std::vector<Step*> steps() override { return inner_.steps(); }
  absl::Status Advertise(std::string_view address) override { return inner_.Advertise(address); }

  bool away = false;

 private:
  storage::Database& inner_;
};

// An event log that the test takes away.
class EventsAway final : public testing::ForwardingEventLog {
 public:
  using ForwardingEventLog::ForwardingEventLog;
  absl::StatusOr<std::vector<events::PartitionOffset>> EndOffsets(const std::vector<std::string>& topics,
                                                                  absl::Duration deadline) override {
    if (away) return absl::UnavailableError("the event log is away");
    return ForwardingEventLog::EndOffsets(topics, deadline);
  }

  bool away = false;
};

class StoreWatchTest : public ::testing::Test {
 protected:
  StoreWatchTest() {
    events_ = Value(events::Open("local:" + folder_.path() + "/events.db", clock_));
    EXPECT_EQ(events_->ApplyTopics(Value(TopicsOf({&notes_})), Soon()), absl::OkStatus());
    database_ = Value(storage::Open("sqlite:" + folder_.path() + "/notes.db", clock_, {}));
    EXPECT_EQ(MigrateStore(notes_, *database_, clock_), absl::OkStatus());
    store_ = std::make_unique<Store>(*database_);
    log_ = std::make_unique<EventsAway>(*events_);
    assembly_ = Value(Assembly::Build(notes_, config_, {clock_, *rng_, *store_, *log_, lines_, metrics_}));
  }

  template <typename T>
  static T Value(absl::StatusOr<T> value) {
    if (!value.ok()) {
      ADD_FAILURE() << value.status();
      std::abort();
    }
    return *std::move(value);
  }
  absl::Duration Soon() { return clock_.Steady() + absl::Seconds(10); }

  // A look, `after` the last one.
  void Look(absl::Duration after = absl::ZeroDuration()) {
    clock_.Advance(after);
    for (Step* step : assembly_->steps()) {
      if (step->name() == "notes.watch") step->Run();
    }
  }
  double Gauge(const std::string& name, const telemetry::Labels& labels) {
    return metrics_.Gauge(name, "", labels).value();
  }
  double OfService(const std::string& name) { return Gauge(name, {{"service", "notes"}}); }
  double OfConsumer(const std::string& name) { return Gauge(name, {{"consumer", "notes.notes"}}); }
  double Lag() { return Gauge("finalmile_consumer_lag", {{"consumer", "notes.notes"}, {"topic", kTopic}}); }

  void Append() {
    ASSERT_EQ(events_->Append({{.topic = kTopic, .key = "notes/1", .value = "", .headers = {}}}, Soon()),
              absl::OkStatus());
  }
  void Consume() {
    outbox::Consumer& consumer = *assembly_->consumers()[0]->members().front();
    while (consumer.Run() == absl::ZeroDuration()) continue;
  }

  testing::ManualClock clock_;
  const std::unique_ptr<Rng> rng_ = NewSeededRng(1);
  const ModuleSpec notes_ = NotesModule("notes", true);
  const config::Config config_ = Value(config::Load(SchemaFor({&notes_}), {}, {}));
  const testing::TemporaryFolder folder_;
  testing::CapturingLog lines_;
  telemetry::Metrics metrics_;
  std::unique_ptr<events::EventLog> events_;
  std::unique_ptr<storage::Database> database_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<EventsAway> log_;
  std::unique_ptr<Assembly> assembly_;
};

TEST_F(StoreWatchTest, WhatIsNotKnownIsNoCalm) {
  Append();
  Look();
  EXPECT_EQ(OfService("finalmile_store_up"), 1);
  EXPECT_EQ(OfService("finalmile_outbox_depth"), 0);
  EXPECT_EQ(Lag(), 1);
  EXPECT_EQ(Gauge("finalmile_schema_version", {{"component", "outbox"}}),
            static_cast<double>(outbox::Migrations().size()));

  store_->away = true;
  Look(absl::Seconds(10));
  EXPECT_EQ(OfService("finalmile_store_up"), 0);
  for (const char* name : {"finalmile_outbox_depth", "finalmile_outbox_oldest_age_seconds",
                           "finalmile_parked_oldest_age_seconds"}) {
    EXPECT_TRUE(std::isnan(OfService(name))) << name;
  }
  EXPECT_TRUE(std::isnan(Lag()));
  EXPECT_TRUE(std::isnan(OfConsumer("finalmile_consumer_stalled_seconds")));
  EXPECT_TRUE(std::isnan(OfConsumer("finalmile_consumer_oldest_age_seconds")));
  EXPECT_EQ(assembly_->watch().last().message(), "the store is away");
  EXPECT_EQ(lines_.Count(Severity::kWarning, "is away"), 1);
  Look(absl::Seconds(59));
  EXPECT_EQ(lines_.Count(Severity::kWarning, "is away"), 1);
  Look(absl::Seconds(1));
  EXPECT_EQ(lines_.Count(Severity::kWarning, "is away"), 2) << "once a minute";

  store_->away = false;
  Look(absl::Seconds(1));
  EXPECT_EQ(OfService("finalmile_store_up"), 1);
  EXPECT_EQ(OfService("finalmile_outbox_depth"), 0);
  EXPECT_EQ(Lag(), 1);
  EXPECT_EQ(lines_.Count(Severity::kInfo, "what was away is back"), 1);
}

TEST_F(StoreWatchTest, WithoutTheLogTheStoreIsKnownAllTheSame) {
  log_->away = true;
  Look();
  EXPECT_EQ(OfService("finalmile_store_up"), 1);
  EXPECT_EQ(OfService("finalmile_outbox_depth"), 0);
  EXPECT_TRUE(std::isnan(Lag()));
  log_->away = false;
  Look(absl::Seconds(10));
  EXPECT_EQ(Lag(), 0);
}

TEST_F(StoreWatchTest, TheAgeOfTheOutboxIsThatOfTheNextEvent) {
  Look();
  EXPECT_EQ(OfService("finalmile_outbox_oldest_age_seconds"), 0);
  for (int i = 1; i <= 2; ++i) {
    const outbox::OutgoingEvent event{.topic = kTopic,
                                      .key = "notes/1",
                                      .seq = i,
                                      .id = "e",
                                      .source = "/finalmile/notes",
                                      .type = "t",
                                      .time = clock_.Now(),
                                      .trace = std::nullopt,
                                      .value = ""};
    ASSERT_EQ(database_->Transact(
                  {.deadline = Soon()},
                  [&](storage::Transaction& transaction) { return outbox::Write(transaction, {event}); }),
              absl::OkStatus());
    clock_.Advance(absl::Seconds(30));
  }
  Look();
  EXPECT_EQ(OfService("finalmile_outbox_depth"), 2);
  EXPECT_EQ(OfService("finalmile_outbox_oldest_age_seconds"), 60);
}

TEST_F(StoreWatchTest, TheAgeOfAConsumerCountsFromTheLastLookWithoutTheRecord) {
  const auto age = [&] { return OfConsumer("finalmile_consumer_oldest_age_seconds"); };
  // A record that was there before counts from the first look.
  Append();
  Look();
  EXPECT_EQ(age(), 0);
  Look(absl::Seconds(10));
  EXPECT_EQ(age(), 10);
  clock_.Advance(absl::Seconds(5));
  Append();
  Look(absl::Seconds(5));
  EXPECT_EQ(age(), 20) << "of the first one";
  Consume();
  Look(absl::Seconds(10));
  EXPECT_EQ(age(), 0);
  EXPECT_EQ(Lag(), 0);
  // A day without a record, and then one that waits.
  for (int i = 0; i < 100; ++i) Look(absl::Seconds(10));
  clock_.Advance(absl::Seconds(4));
  Append();
  Look(absl::Seconds(6));
  EXPECT_EQ(age(), 10) << "4 s too much";
  // Many ends of the log are remembered, and none is a wrong one.
  for (int i = 0; i < 300; ++i) {
    Append();
    Look(absl::Seconds(10));
  }
  EXPECT_EQ(age(), 3010);
  Consume();
  Look(absl::Seconds(10));
  EXPECT_EQ(age(), 0);
  EXPECT_EQ(metrics_.Counter("finalmile_kafka_rebalances_total", "", {{"consumer", "notes.notes"}}).value(),
            1);
}

TEST_F(StoreWatchTest, TheEventLogIsWatchedForItsTopics) {
  EventsWatch watch(*log_, {kTopic}, clock_, lines_, metrics_);
  EXPECT_EQ(watch.Run(), clock_.Steady() + EventsWatch::kInterval);
  EXPECT_EQ(watch.problem(), "");
  EXPECT_EQ(Gauge("finalmile_events_up", {}), 1);
  log_->away = true;
  EXPECT_EQ(watch.Run(), clock_.Steady() + EventsWatch::kRetryInterval);
  EXPECT_EQ(watch.problem(), "degraded: the event log is away");
  EXPECT_EQ(Gauge("finalmile_events_up", {}), 0);
  EXPECT_EQ(lines_.Count(Severity::kWarning, "is away"), 1);
  log_->away = false;
  watch.Run();
  EXPECT_EQ(watch.problem(), "");
  EXPECT_EQ(Gauge("finalmile_events_up", {}), 1);
  EXPECT_EQ(lines_.Count(Severity::kInfo, "is back"), 1);

  EventsWatch other(*log_, {kTopic, "finalmile.missing.v1"}, clock_, lines_, metrics_);
  other.Run();
  EXPECT_NE(other.problem().find("finalmile.missing.v1"), std::string::npos) << other.problem();
  EXPECT_NE(other.problem().find("run `finalmile topics apply`"), std::string::npos) << other.problem();
}

}  // namespace
}  // namespace finalmile::app
