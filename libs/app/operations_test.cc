#include "libs/app/operations.h"

#include <gtest/gtest.h>

#include "finalmile/v1/operations_service.pb.h"
#include "libs/app/deployment.h"
#include "libs/app/settings.h"
#include "libs/app/testdata/notes_module.h"
#include "libs/outbox/parked.h"
#include "libs/rpc/errors.h"
#include "libs/rpc/local_channel.h"
#include "libs/testing/temporary_folder.h"

namespace finalmile::app {
namespace {

constexpr std::string_view kTopic = "finalmile.apptest.notes.v1";
constexpr std::string_view kMethods = "/finalmile.v1.OperationsService/";

class NoLog final : public Log {
 public:
  void Write(Severity, std::string_view, std::initializer_list<LogField>) override {}
};

// Two assembled modules whose steps are run by hand.
class OperationsTest : public ::testing::Test {
 protected:
  OperationsTest() {
    events_ = Value(events::Open("local:" + folder_.path() + "/events.db", *clock_));
    EXPECT_TRUE(events_->ApplyTopics(Value(TopicsOf({&alpha_, &beta_})), Soon()).ok());
    for (const ModuleSpec* spec : {&alpha_, &beta_}) {
      databases_.push_back(Value(
          storage::Open("sqlite:" + folder_.path() + "/" + std::string(spec->name) + ".db", *clock_, {})));
      EXPECT_TRUE(MigrateStore(*spec, *databases_.back(), *clock_).ok());
      EXPECT_TRUE(CheckStore(*spec, *databases_.back(), *clock_).ok());
      assemblies_.push_back(Value(
          Assembly::Build(*spec, config_, {*clock_, *rng_, *databases_.back(), *events_, log_, metrics_})));
    }
    service_ = NewOperationsService("1.2.3", {assemblies_[0].get(), assemblies_[1].get()}, *clock_);
    auto admin = std::make_shared<v1::Principal>();
    admin->set_name("admin");
    admin->add_roles(v1::ROLE_ADMIN);
    channel_ = Value(rpc::NewLocalChannel({service_.get()}, admin, *clock_));
  }

  template <typename T>
  static T Value(absl::StatusOr<T> value) {
    if (!value.ok()) {
      ADD_FAILURE() << value.status();
      std::abort();
    }
    return *std::move(value);
  }
  absl::Duration Soon() { return clock_->Steady() + absl::Seconds(10); }

  // Parks a record of module `module` as its consumer would.
  void Park(size_t module, int64_t offset, std::string_view text, absl::Time time) {
    outbox::ParkedRecord parked;
    parked.consumer = std::string(assemblies_[module]->name()) + ".notes";
    parked.record.topic = kTopic;
    parked.record.offset = offset;
    parked.record.key = "notes/1";
    parked.record.value = "\x12\x06" + std::string(text);  // Note.text
    parked.record.headers = {{"ce_type", "finalmile.apptest.v1.Note"}};
    parked.record.time = time;
    parked.state = outbox::kFailed;
    parked.reason = "it is poisoned";
    parked.parked_time = time;
    const absl::Status done = databases_[module]->Transact(
        {.deadline = Soon()},
        [&](storage::Transaction& transaction) { return outbox::InsertParked(transaction, {parked}); });
    ASSERT_TRUE(done.ok()) << done;
  }

  template <typename Response>
  absl::StatusOr<Response> Call(std::string_view method, const google::protobuf::Message& request) {
    return channel_->Call<Response>(std::string(kMethods) + std::string(method), request);
  }
  v1::Status Status() { return Value(Call<v1::Status>("GetStatus", v1::GetStatusRequest())); }

  const std::unique_ptr<Clock> clock_ = NewSystemClock();
  const std::unique_ptr<Rng> rng_ = NewSeededRng(1);
  const ModuleSpec alpha_ = NotesModule("alpha", true);
  const ModuleSpec beta_ = NotesModule("beta", false);
  const config::Config config_ = Value(config::Load(SchemaFor({&alpha_, &beta_}), {}, {}));
  const testing::TemporaryFolder folder_;
  NoLog log_;
  telemetry::Metrics metrics_;
  std::unique_ptr<events::EventLog> events_;
  std::vector<std::unique_ptr<storage::Database>> databases_;
  std::vector<std::unique_ptr<Assembly>> assemblies_;
  std::unique_ptr<rpc::Service> service_;
  std::unique_ptr<rpc::Channel> channel_;
};

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
  ASSERT_EQ(status.services(1).consumers_size(), 1);
  EXPECT_EQ(status.services(1).consumers(0).name(), "beta.notes");
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

TEST_F(OperationsTest, ParkedRecordsArePagedOverAllServices) {
  const absl::Time start = absl::FromUnixSeconds(1'700'000'000);
  Park(1, 1, "poison", start);
  Park(0, 8, "poison", start + absl::Seconds(2));
  Park(0, 9, "poison", start + absl::Seconds(1));
  v1::ListParkedRequest request;
  const auto list = [&](int page_size) {
    std::vector<std::string> names;
    request.set_page_size(page_size);
    request.clear_page_token();
    do {
      const auto response = Value(Call<v1::ListParkedResponse>("ListParked", request));
      EXPECT_LE(response.parked_records_size(), page_size);
      EXPECT_GT(response.parked_records_size(), 0);
      for (const v1::ParkedRecord& record : response.parked_records()) {
        EXPECT_EQ(record.value(), "");
        names.push_back(record.name());
      }
      request.set_page_token(response.next_page_token());
    } while (!request.page_token().empty());
    return names;
  };
  const std::vector<std::string> all = {
      "services/alpha/parkedRecords/alpha.notes:finalmile.apptest.notes.v1:0:9",
      "services/alpha/parkedRecords/alpha.notes:finalmile.apptest.notes.v1:0:8",
      "services/beta/parkedRecords/beta.notes:finalmile.apptest.notes.v1:0:1"};
  for (const int page_size : {1, 2, 3, 4}) EXPECT_EQ(list(page_size), all) << page_size;
  request.set_parent("services/beta");
  EXPECT_EQ(list(10), std::vector<std::string>{all[2]});
  request.set_parent("services/gamma");
  const auto unknown = Call<v1::ListParkedResponse>("ListParked", request);
  EXPECT_EQ(unknown.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_NE(std::string(unknown.status().message()).find("services/alpha, services/beta"), std::string::npos);
}

TEST_F(OperationsTest, GetShowsTheRecord) {
  Park(0, 9, "poison", absl::FromUnixSeconds(1'700'000'000));
  v1::GetParkedRequest request;
  request.set_name("services/alpha/parkedRecords/alpha.notes:finalmile.apptest.notes.v1:0:9");
  const auto record = Value(Call<v1::ParkedRecord>("GetParked", request));
  EXPECT_EQ(record.name(), request.name());
  EXPECT_EQ(record.state(), v1::ParkedRecord::STATE_FAILED);
  EXPECT_EQ(record.reason(), "it is poisoned");
  EXPECT_EQ(record.value(), "\x12\x06poison");
  ASSERT_EQ(record.headers_size(), 1);
  EXPECT_EQ(record.headers(0).key(), "ce_type");
  EXPECT_EQ(record.park_time().seconds(), 1'700'000'000);

  for (const char* missing : {"services/alpha/parkedRecords/alpha.notes:finalmile.apptest.notes.v1:0:10",
                              "services/gamma/parkedRecords/alpha.notes:finalmile.apptest.notes.v1:0:9"}) {
    request.set_name(missing);
    const auto status = Call<v1::ParkedRecord>("GetParked", request).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
    EXPECT_EQ(rpc::ReasonOf(status), "PARKED_RECORD_NOT_FOUND");
  }
  for (const char* malformed :
       {"", "services/alpha", "services/alpha/parkedRecords/a:b:c:d", "services/alpha/parkedRecords/a:b:-1:1",
        "services/alpha/parkedRecords/a:b:1", "services/alpha/parkedRecords/a:b:1:9223372036854775808"}) {
    request.set_name(malformed);
    EXPECT_EQ(Call<v1::ParkedRecord>("GetParked", request).status().code(),
              absl::StatusCode::kInvalidArgument)
        << malformed;
  }
}

TEST_F(OperationsTest, RetryFailsWhileTheFaultLastsAndThenApplies) {
  Park(0, 9, "poison", clock_->Now());
  v1::RetryParkedRequest request;
  request.set_name("services/alpha/parkedRecords/alpha.notes:finalmile.apptest.notes.v1:0:9");
  const auto failed = Call<v1::RetryParkedResponse>("RetryParked", request).status();
  EXPECT_EQ(failed.code(), absl::StatusCode::kFailedPrecondition) << failed;
  EXPECT_EQ(rpc::ReasonOf(failed), "PARKED_RECORD_FAILED");
  EXPECT_NE(std::string(failed.message()).find("poisoned"), std::string::npos) << failed;
  EXPECT_EQ(Status().services(0).parked_failed(), 1);

  ASSERT_TRUE(AllowPoison(*databases_[0], *clock_).ok());
  const auto done = Call<v1::RetryParkedResponse>("RetryParked", request).status();
  EXPECT_TRUE(done.ok()) << done;
  EXPECT_EQ(Status().services(0).parked_failed(), 0);
  EXPECT_EQ(Call<v1::RetryParkedResponse>("RetryParked", request).status().code(),
            absl::StatusCode::kNotFound);
}

TEST_F(OperationsTest, SkipGivesTheRecordUp) {
  Park(0, 9, "poison", clock_->Now());
  v1::SkipParkedRequest request;
  request.set_name("services/alpha/parkedRecords/alpha.notes:finalmile.apptest.notes.v1:0:9");
  const auto done = Call<v1::SkipParkedResponse>("SkipParked", request).status();
  EXPECT_TRUE(done.ok()) << done;
  EXPECT_EQ(Status().services(0).parked_failed(), 0);
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
  EXPECT_EQ(unready.code(), absl::StatusCode::kFailedPrecondition) << unready;
  EXPECT_NE(std::string(unready.message()).find("finalmile migrate"), std::string::npos) << unready;
}

TEST(TopicsOfTest, AContradictionIsNamed) {
  const events::TopicSpec two[] = {{.name = "t", .partitions = 2}};
  const events::TopicSpec three[] = {{.name = "t", .partitions = 3}};
  ModuleSpec a{.name = "a", .topics = two};
  ModuleSpec b{.name = "b", .topics = three};
  EXPECT_EQ(TopicsOf({&a, &b}).status().code(), absl::StatusCode::kFailedPrecondition);
  b.topics = two;
  const auto topics = TopicsOf({&a, &b});
  ASSERT_TRUE(topics.ok());
  EXPECT_EQ(topics->size(), 1u);
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
