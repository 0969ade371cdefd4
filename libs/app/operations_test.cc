#include "libs/app/operations_fixture.h"
#include "libs/outbox/outbox.h"
#include "libs/rpc/errors.h"
#include "notes.pb.h"

namespace finalmile::app {
namespace {

TEST_F(OperationsTest, AModuleGetsWhatEveryModuleHas) {
  std::vector<std::string> names;
  for (const Step* step : assemblies_[0]->steps()) names.emplace_back(step->name());
  EXPECT_EQ(names, (std::vector<std::string>{"alpha.notes", "alpha.election", "alpha.relay",
                                             "alpha.ledger_sweeper", "alpha.watch"}));
  EXPECT_EQ(assemblies_[0]->services().size(), 1u);
  EXPECT_EQ(assemblies_[1]->services().size(), 0u);
}

TEST_F(OperationsTest, StatusTellsOfEveryService) {
  Park(1, 5, "poison", absl::FromUnixSeconds(1'700'000'000));
  outbox::OutgoingEvent event;
  event.topic = kTopic;
  event.key = "notes/1";
  event.seq = 1;
  event.time = absl::FromUnixSeconds(1'710'000'000);
  ASSERT_TRUE(
      databases_[1]
          ->Transact({.deadline = Soon()},
                     [&](storage::Transaction& transaction) { return outbox::Write(transaction, {event}); })
          .ok());
  assemblies_[0]->election().Run();
  const v1::Status status = Status();
  EXPECT_EQ(status.version(), "1.2.3");
  EXPECT_GE(status.uptime().nanos(), 0);
  ASSERT_EQ(status.services_size(), 2);
  EXPECT_EQ(status.services(0).service(), "alpha");
  EXPECT_EQ(status.services(0).engine(), "sqlite");
  EXPECT_EQ(status.services(0).error(), "");
  EXPECT_EQ(status.services(0).parked_failed(), 0);
  EXPECT_FALSE(status.services(0).has_oldest_parked_time());
  ASSERT_EQ(status.services(0).leader_tasks_size(), 2);
  EXPECT_EQ(status.services(0).leader_tasks(0).name(), "alpha.relay");
  EXPECT_TRUE(status.services(0).leader_tasks(0).leader());
  EXPECT_TRUE(status.services(0).leader_tasks(1).leader()) << "one election is for all tasks";
  EXPECT_FALSE(status.services(1).leader_tasks(0).leader());
  EXPECT_EQ(status.services(1).parked_failed(), 1);
  EXPECT_EQ(status.services(1).oldest_parked_time().seconds(), 1'700'000'000);
  EXPECT_EQ(status.services(1).outbox_depth(), 1);
  EXPECT_EQ(status.services(1).oldest_event_time().seconds(), 1'710'000'000);
  EXPECT_FALSE(status.services(0).has_oldest_event_time());
  ASSERT_EQ(status.services(1).consumers_size(), 1);
  EXPECT_EQ(status.services(1).consumers(0).name(), "beta.notes");
}

TEST_F(OperationsTest, StatusNamesTheLineOfTheTokensFileThatIsMalformed) {
  EXPECT_EQ(Status().tokens_problem(), "");
  WriteTokens(std::string(kTokenLine) + "no token\n");
  EXPECT_FALSE(credentials_->Reload().ok());
  EXPECT_NE(Status().tokens_problem().find("tokens:2"), std::string::npos) << Status().tokens_problem();
  WriteTokens(std::string(kTokenLine));
  EXPECT_TRUE(credentials_->Reload().ok());
  EXPECT_EQ(Status().tokens_problem(), "");
}

TEST_F(OperationsTest, StatusAndMetricsTellOfTheLag) {
  const auto lag = [&] {
    const v1::Status status = Status();
    EXPECT_EQ(status.services(0).error(), "");
    const v1::ConsumerStatus& consumer = status.services(0).consumers(0);
    EXPECT_EQ(consumer.lags_size(), 1);
    EXPECT_EQ(consumer.lags(0).topic(), kTopic);
    for (Step* step : assemblies_[0]->steps()) {
      if (step->name() == "alpha.watch") step->Run();
    }
    EXPECT_EQ(metrics_
                  .Gauge("finalmile_consumer_lag", "",
                         {{"consumer", "alpha.notes"}, {"topic", std::string(kTopic)}})
                  .value(),
              static_cast<double>(consumer.lags(0).records()));
    return consumer.lags(0).records();
  };
  EXPECT_EQ(lag(), 0);
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(events_
                    ->Append({{.topic = std::string(kTopic),
                               .key = "notes/" + std::to_string(i),
                               .value = "",
                               .headers = {}}},
                             Soon())
                    .ok());
  }
  EXPECT_EQ(lag(), 3);
  outbox::Consumer& consumer = *assemblies_[0]->consumers()[0]->members().front();
  while (consumer.Run() == absl::ZeroDuration()) continue;
  EXPECT_EQ(lag(), 0);
}

TEST_F(OperationsTest, TheWatchKeepsTheMetrics) {
  Park(1, 5, "poison", clock_->Now() - absl::Minutes(1));
  for (Step* step : assemblies_[1]->steps()) {
    if (step->name() == "beta.watch") step->Run();
  }
  EXPECT_TRUE(assemblies_[1]->watch().last().ok());
  EXPECT_EQ(metrics_.Gauge("finalmile_parked_depth", "", {{"service", "beta"}, {"state", "failed"}}).value(),
            1);
  EXPECT_EQ(metrics_.Gauge("finalmile_parked_depth", "", {{"service", "beta"}, {"state", "waiting"}}).value(),
            0);
  EXPECT_GE(metrics_.Gauge("finalmile_parked_oldest_age_seconds", "", {{"service", "beta"}}).value(), 60);
  EXPECT_EQ(metrics_.Gauge("finalmile_outbox_depth", "", {{"service", "beta"}}).value(), 0);
}

TEST_F(OperationsTest, AConsumerIsMovedAndHearsOfIt) {
  const auto append = [&] {
    ASSERT_TRUE(
        events_
            ->Append({{.topic = std::string(kTopic), .key = "notes/1", .value = "", .headers = {}}}, Soon())
            .ok());
  };
  outbox::Consumer& consumer = *assemblies_[0]->consumers()[0]->members().front();
  for (int i = 0; i < 3; ++i) append();
  while (consumer.Run() == absl::ZeroDuration()) continue;
  EXPECT_EQ(consumer.stats().records, 3);

  v1::MoveConsumerRequest move;
  move.set_consumer("alpha.notes");
  move.set_topic(std::string(kTopic));
  move.set_edge(v1::MoveConsumerRequest::EDGE_EARLIEST);
  move.set_dry_run(true);
  auto moved = Value(Call<v1::MoveConsumerResponse>("MoveConsumer", move));
  EXPECT_EQ(moved.previous_offset(), 3);
  EXPECT_EQ(moved.offset(), 0);
  EXPECT_EQ(moved.start_offset(), 0);
  EXPECT_EQ(moved.end_offset(), 3);
  const auto place = [&] { return Status().services(0).consumers(0).partitions(0).next_offset(); };
  EXPECT_EQ(place(), 3) << "a dry run";
  EXPECT_EQ(log_.lines, 0);
  move.set_dry_run(false);
  move.set_offset(1);
  moved = Value(Call<v1::MoveConsumerResponse>("MoveConsumer", move));
  EXPECT_EQ(moved.offset(), 1);
  EXPECT_EQ(place(), 1);
  EXPECT_EQ(log_.lines, 1);
  // The member that runs is shut out by the epoch, and begins at the new place.
  append();
  while (consumer.Run() == absl::ZeroDuration()) continue;
  EXPECT_EQ(consumer.stats().fenced, 1);
  EXPECT_EQ(consumer.stats().records, 6);
  EXPECT_EQ(place(), 4);

  const auto refused = [&] { return Call<v1::MoveConsumerResponse>("MoveConsumer", move).status(); };
  for (const int64_t offset : {-1, 5}) {
    move.set_offset(offset);
    EXPECT_EQ(refused().code(), absl::StatusCode::kInvalidArgument) << offset;
    EXPECT_NE(std::string(refused().message()).find("from 0 to 4"), std::string::npos) << refused();
  }
  move.clear_offset();
  EXPECT_EQ(refused().code(), absl::StatusCode::kInvalidArgument);
  move.set_edge(v1::MoveConsumerRequest::EDGE_LATEST);
  for (const int partition : {-1, 1}) {
    move.set_partition(partition);
    EXPECT_EQ(refused().code(), absl::StatusCode::kInvalidArgument);
  }
  move.set_partition(0);
  move.set_topic("other");
  EXPECT_EQ(refused().code(), absl::StatusCode::kInvalidArgument);
  move.set_topic(std::string(kTopic));
  move.set_consumer("none");
  EXPECT_EQ(rpc::ReasonOf(refused()), "CONSUMER_NOT_FOUND");
}

TEST_F(OperationsTest, MissingTopicsAreNamed) {
  const absl::Status missing =
      CheckTopics({{.name = "a"}, {.name = std::string(kTopic)}, {.name = "b"}}, *events_, Soon());
  EXPECT_EQ(missing.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(std::string(missing.message()), "topics a, b are missing: run `finalmile topics apply`");
  EXPECT_TRUE(CheckTopics({{.name = std::string(kTopic)}}, *events_, Soon()).ok());
}

TEST_F(OperationsTest, AStoreWithoutItsSchemaIsNamed) {
  const auto empty = Value(storage::Open("sqlite:" + folder_.path() + "/empty.db", *clock_, {}));
  const absl::Status unready = CheckStore(alpha_, *empty, *clock_);
  EXPECT_EQ(unready.code(), absl::StatusCode::kUnavailable) << unready;
  EXPECT_NE(std::string(unready.message()).find("finalmile migrate"), std::string::npos) << unready;
}

TEST(TopicsOfTest, ATopicOfTwoMessagesIsRefused) {
  const MessageType notes[] = {&apptest::v1::Note::descriptor};
  const MessageType others[] = {&apptest::v1::OtherNote::descriptor};
  ModuleSpec a{.name = "a", .topics = notes};
  ModuleSpec b{.name = "b", .topics = others};
  EXPECT_EQ(TopicsOf({&a, &b}).status().code(), absl::StatusCode::kFailedPrecondition);
  b.topics = notes;
  const auto topics = TopicsOf({&a, &b});
  ASSERT_TRUE(topics.ok());
  ASSERT_EQ(topics->size(), 1u);
  EXPECT_EQ(topics->front().name, kTopic);
  EXPECT_EQ(topics->front().partitions, 1);
  EXPECT_EQ(topics->front().retention, absl::InfiniteDuration());
}

TEST(SettingsTest, EverythingIsEmbeddedUnderDataByDefault) {
  const ModuleSpec leads{.name = "leads"};
  const ModuleSpec catalog{.name = "catalog"};
  const auto one = config::Load(SchemaFor({&leads}), {{"data", "/d"}}, {});
  ASSERT_TRUE(one.ok()) << one.status();
  EXPECT_EQ(StoreUrl(*one, "leads", 1), "sqlite:/d/leads.db");
  EXPECT_EQ(EventsUrl(*one), "local:/d/events.db");
  const auto two =
      config::Load(SchemaFor({&leads, &catalog}), {{"data", "/d"}, {"leads-store", "postgresql:///l"}}, {});
  ASSERT_TRUE(two.ok()) << two.status();
  EXPECT_EQ(StoreUrl(*two, "leads", 2), "postgresql:///l");
  EXPECT_EQ(StoreUrl(*two, "catalog", 2), "sqlite:/d/catalog.db");
  EXPECT_EQ(StoreSetting("leads", 1), "store");
  EXPECT_EQ(StoreSetting("leads", 2), "leads-store");
  EXPECT_FALSE(config::Load(SchemaFor({&leads, &catalog}), {{"store", "sqlite:/x.db"}}, {}).ok());
  EXPECT_EQ(EmbeddedPath("sqlite:/d/x.db"), "/d/x.db");
  EXPECT_EQ(EmbeddedPath("kafka://a:1"), "");
}

}  // namespace
}  // namespace finalmile::app
