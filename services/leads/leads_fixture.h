#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "finalmile/leads/v1/lead_event.pb.h"
#include "finalmile/leads/v1/lead_service.pb.h"
#include "finalmile/leads/v1/scoring_service.pb.h"
#include "libs/storage/transact.h"
#include "libs/testing/module_harness.h"
#include "services/leads/scoring/convert.h"
#include "services/leads/scoring/lead_batch.h"
#include "services/leads/wiring.h"

namespace finalmile::leads {

// The leads service, by default on the embedded engines, driven through its API.
class LeadsTest : public ::testing::Test {
 protected:
  // On the store at `store_url`, as ModuleHarness.
  explicit LeadsTest(std::string store_url = {}) : harness_(kModule, std::move(store_url)) {}

  template <class Response>
  absl::StatusOr<Response> Call(const std::string& method, const google::protobuf::Message& request) {
    const std::string service =
        method.ends_with("Policy") || method == "ListPolicies" ? "ScoringService" : "LeadService";
    return harness_.channel().Call<Response>("/finalmile.leads.v1." + service + "/" + method, request);
  }

  // A lead of fit 80 under the default policy: company 45 of 45, person 35, nothing to reach it by.
  static v1::Lead GoodLead() {
    v1::Lead lead;
    lead.set_company("Example GmbH");
    auto text = [&](const char* name, const char* value) {
      (*lead.mutable_attributes())[name].set_text(value);
    };
    (*lead.mutable_attributes())["staff"].set_number(300);
    text("industry", "software");
    text("country", "DE");
    text("technologies", "HubSpot");
    text("title", "VP Sales");
    text("function", "sales");
    return lead;
  }

  v1::Lead Create(const v1::Lead& lead, const std::string& lead_id = "") {
    v1::CreateLeadRequest request;
    *request.mutable_lead() = lead;
    request.set_lead_id(lead_id);
    auto created = Call<v1::Lead>("CreateLead", request);
    EXPECT_TRUE(created.ok()) << created.status();
    return created.ok() ? *created : v1::Lead();
  }

  v1::Lead Get(const std::string& name) {
    v1::GetLeadRequest request;
    request.set_name(name);
    auto lead = Call<v1::Lead>("GetLead", request);
    EXPECT_TRUE(lead.ok()) << lead.status();
    return lead.ok() ? *lead : v1::Lead();
  }

  v1::Activity Activity(const std::string& lead, const std::string& id, const std::string& type,
                        const std::string& subject = "", absl::Duration ago = absl::ZeroDuration()) {
    v1::Activity activity;
    activity.set_lead(lead);
    activity.set_source("web");
    activity.set_activity_id(id);
    activity.set_type(type);
    activity.set_subject(subject);
    *activity.mutable_event_time() = scoring::ToProto(harness_.clock().Now() - ago);
    return activity;
  }

  void Record(const v1::Activity& activity) {
    v1::RecordActivityRequest request;
    *request.mutable_activity() = activity;
    auto recorded = Call<v1::RecordActivityResponse>("RecordActivity", request);
    ASSERT_TRUE(recorded.ok()) << recorded.status();
  }

  v1::ExplainScoreResponse Explain(const std::string& lead) {
    v1::ExplainScoreRequest request;
    request.set_name(lead);
    auto explained = Call<v1::ExplainScoreResponse>("ExplainScore", request);
    EXPECT_TRUE(explained.ok()) << explained.status();
    return explained.ok() ? *explained : v1::ExplainScoreResponse();
  }

  static double Sum(const google::protobuf::RepeatedPtrField<v1::Reason>& reasons) {
    double sum = 0;
    for (const v1::Reason& reason : reasons) sum += reason.points();
    return sum;
  }

  // How many rows a table has.
  int64_t RowsIn(const std::string& table) {
    const auto counted = storage::Read(harness_.database(), harness_.clock().Steady() + absl::Seconds(30),
                                       [&](storage::Transaction& transaction) -> absl::StatusOr<int64_t> {
                                         const auto rows =
                                             transaction.Execute("SELECT COUNT(*) FROM " + table);
                                         if (!rows.ok()) return rows.status();
                                         return rows->rows[0].Int(0);
                                       });
    EXPECT_TRUE(counted.ok()) << counted.status();
    return counted.value_or(-1);
  }

  // Every event in the topic, in order per key.
  std::vector<v1::LeadEvent> Events() { return harness_.ReadEvents<v1::LeadEvent>(); }

  int Count(v1::LeadEvent::EventCase which) {
    int count = 0;
    for (const v1::LeadEvent& event : Events()) count += event.event_case() == which;
    return count;
  }

  testing::ModuleHarness harness_;
};

}  // namespace finalmile::leads
