#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>

#include "libs/storage/transact.h"
#include "libs/testing/postgres_server.h"
#include "services/leads/leads_fixture.h"

namespace finalmile::leads {

// The leads service on an engine, driven through its API.
class EnginesTest : public ::testing::TestWithParam<storage::Engine> {
 protected:
  class Service : public LeadsTest {
   public:
    explicit Service(const std::string& store) : LeadsTest(store) {}
    void TestBody() override {}
    using LeadsTest::Activity;
    using LeadsTest::Call;
    using LeadsTest::Count;
    using LeadsTest::Create;
    using LeadsTest::Explain;
    using LeadsTest::Get;
    using LeadsTest::GoodLead;
    using LeadsTest::harness_;
    using LeadsTest::Record;
    using LeadsTest::Sum;
  };

  void SetUp() override {
    std::string store;
    if (GetParam() == storage::Engine::kPostgres) {
      const auto server = testing::SharedPostgres();
      FINALMILE_NEEDS_POSTGRES(server);
      const auto name = (*server)->CreateDatabase();
      ASSERT_TRUE(name.ok()) << name.status();
      store = (*server)->url(*name);
    }
    service_ = std::make_unique<Service>(store);
    service_->harness_.clock().SetNow(absl::FromUnixSeconds(1'750'000'000));
  }

  Service& service() { return *service_; }
  absl::Time Now() { return service_->harness_.clock().Now(); }

  template <class Function>
  auto Transact(Function function) {
    return storage::Transact(service_->harness_.database(),
                             {.deadline = service_->harness_.clock().Steady() + absl::Seconds(30)}, function);
  }
  int64_t CountRows(const std::string& from) {
    const auto count = Transact([&](storage::Transaction& transaction) {
      return transaction.Execute("SELECT COUNT(*) FROM " + from);
    });
    EXPECT_TRUE(count.ok()) << count.status();
    return count.ok() ? count->rows.front().Int(0) : -1;
  }

  // Views of pages, a minute apart, the first of them `ago`.
  void RecordMany(const std::string& lead, int count, absl::Duration ago, const std::string& prefix = "m") {
    v1::RecordActivitiesRequest request;
    for (int i = 0; i < count; ++i) {
      *request.add_activities() =
          service_->Activity(lead, prefix + std::to_string(i), "page_view",
                             i % 3 == 0 ? "pricing" : "product", ago - absl::Minutes(i));
      if (request.activities_size() < 1000 && i + 1 < count) continue;
      const auto recorded = service_->Call<v1::RecordActivitiesResponse>("RecordActivities", request);
      ASSERT_TRUE(recorded.ok()) << recorded.status();
      request.Clear();
    }
  }

  void Publish(const std::string& name, double pricing) {
    v1::GetPolicyRequest get;
    get.set_name("policies/-");
    v1::PublishPolicyRequest request;
    *request.mutable_policy() = *service_->Call<v1::Policy>("GetPolicy", get);
    request.mutable_policy()->set_name(name);
    for (v1::Signal& signal : *request.mutable_policy()->mutable_signals()) {
      if (signal.name() == "pricing_page") signal.set_points(pricing);
    }
    const auto published = service_->Call<v1::PublishPolicyResponse>("PublishPolicy", request);
    ASSERT_TRUE(published.ok()) << published.status();
  }

  int Logged(std::string_view text) { return service_->harness_.log().Count(Severity::kWarning, text); }

  absl::StatusOr<v1::ExplainScoreResponse> ExplainAsOf(const std::string& lead, absl::Time as_of) {
    v1::ExplainScoreRequest request;
    request.set_name(lead);
    *request.mutable_as_of() = scoring::ToProto(as_of);
    return service_->Call<v1::ExplainScoreResponse>("ExplainScore", request);
  }

  std::unique_ptr<Service> service_;
};

}  // namespace finalmile::leads
