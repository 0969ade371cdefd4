#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "finalmile/leads/v1/lead_event.pb.h"
#include "finalmile/leads/v1/lead_service.pb.h"
#include "libs/app/settings.h"
#include "libs/app/suite.h"
#include "libs/rpc/client.h"
#include "libs/rpc/timestamps.h"
#include "libs/testing/module_harness.h"
#include "libs/testing/temporary_folder.h"
#include "libs/testing/trace_collector.h"
#include "services/appointments/wiring.h"
#include "services/catalog/wiring.h"
#include "services/coaching/wiring.h"
#include "services/leads/wiring.h"

// A trace that begins with a call goes through the events of every service that takes them.
namespace finalmile::contracts {
namespace {

using ::testing::AllOf;
using testing::CollectedSpan;
using ::testing::Contains;
using Spans = std::vector<CollectedSpan>;

constexpr char kService[] = "/finalmile.leads.v1.LeadService/";
// This person must not be found in a trace.
constexpr char kEmail[] = "jane.doe@example.org";
constexpr char kName[] = "Jolanthe";

leads::v1::CreateLeadRequest ReadyLead(const std::string& email) {
  leads::v1::CreateLeadRequest create;
  leads::v1::Lead& lead = *create.mutable_lead();
  lead.set_company("Example GmbH");
  lead.set_given_name(kName);
  lead.set_email(email);
  auto& attributes = *lead.mutable_attributes();
  attributes["staff"].set_number(300);
  attributes["industry"].set_text("software");
  attributes["title"].set_text("VP Sales");
  return create;
}

leads::v1::RecordActivityRequest DemoRequest(const std::string& lead, absl::Time time) {
  leads::v1::RecordActivityRequest record;
  leads::v1::Activity& activity = *record.mutable_activity();
  activity.set_lead(lead);
  activity.set_source("web");
  activity.set_activity_id(lead);
  activity.set_type("demo_request");
  *activity.mutable_event_time() = rpc::ToTimestamp(time);
  return record;
}

// "name service" from the span up to the call, by parents.
std::vector<std::string> WayOf(const CollectedSpan& span, const Spans& spans) {
  std::vector<std::string> way;
  const CollectedSpan* at = &span;
  while (at != nullptr) {
    way.push_back(at->name + " " + at->service);
    const auto parent = std::find_if(spans.begin(), spans.end(), [&](const CollectedSpan& one) {
      return one.id == at->parent && one.trace == at->trace;
    });
    at = parent == spans.end() ? nullptr : &*parent;
  }
  std::reverse(way.begin(), way.end());
  return way;
}

const CollectedSpan* Find(const Spans& spans, const std::string& name, const std::string& service,
                          const std::string& trace) {
  const auto found = std::find_if(spans.begin(), spans.end(), [&](const CollectedSpan& span) {
    return span.name == name && span.service == service && span.trace == trace;
  });
  return found == spans.end() ? nullptr : &*found;
}

// All services in one process, with their threads.
class TracesContractTest : public ::testing::Test {
 protected:
  TracesContractTest() {
    const std::vector<const app::ModuleSpec*> modules = {&leads::kModule, &catalog::kModule,
                                                         &appointments::kModule, &coaching::kModule};
    auto config = config::Load(app::SchemaFor(modules),
                               {{"data", folder_.path()},
                                {"listen", "127.0.0.1:0"},
                                {"admin", ""},
                                {"log-level", "error"},
                                {"otel-exporter-otlp-endpoint", collector_.url()}},
                               {});
    EXPECT_TRUE(config.ok()) << config.status();
    auto suite = app::Suite::Start({.modules = modules, .config = *std::move(config)});
    EXPECT_TRUE(suite.ok()) << suite.status();
    suite_ = *std::move(suite);
    channel_ = rpc::NewGrpcChannel({.target = suite_->address()}, *clock_, *rng_);
  }

  template <class Response>
  Response Call(const std::string& method, const google::protobuf::Message& request, uint64_t trace) {
    const auto answer = channel_->Call<Response>(
        kService + method, request,
        {.metadata = {{"traceparent", TraceContext{trace, trace, 7, true}.ToString()}}});
    EXPECT_TRUE(answer.ok()) << method << ": " << answer.status();
    return answer.ok() ? *answer : Response();
  }
  static std::string IdOf(uint64_t trace) { return TraceContext{trace, trace, 7, true}.TraceId(); }

  const testing::TemporaryFolder folder_;
  const std::unique_ptr<Clock> clock_ = NewSystemClock();
  const std::unique_ptr<Rng> rng_ = NewSystemRng();
  testing::TraceCollector collector_;
  std::unique_ptr<app::Suite> suite_;
  std::unique_ptr<rpc::Channel> channel_;
};

TEST_F(TracesContractTest, ACallLeadsToEveryServiceThatItsEventsReach) {
  const std::string lead = Call<leads::v1::Lead>("CreateLead", ReadyLead(kEmail), 1).name();
  const std::string events = "process finalmile.leads.events.v1";
  const std::string meetings = "process finalmile.appointments.events.v1";
  // One after the other, so that no batch belongs to both.
  ASSERT_TRUE(collector_.Await([&](const Spans& spans) {
    return Find(spans, events, "finalmile-catalog", IdOf(1)) != nullptr &&
           Find(spans, events, "finalmile-appointments", IdOf(1)) != nullptr;
  }));
  Call<leads::v1::RecordActivityResponse>("RecordActivity", DemoRequest(lead, clock_->Now()), 2);
  ASSERT_TRUE(collector_.Await(
      [&](const Spans& spans) { return Find(spans, meetings, "finalmile-leads", IdOf(2)) != nullptr; }));
  suite_->Stop();
  const Spans spans = collector_.spans();

  EXPECT_THAT(WayOf(*Find(spans, events, "finalmile-catalog", IdOf(1)), spans),
              ::testing::ElementsAre("finalmile.leads.v1.LeadService/CreateLead finalmile-leads",
                                     "transaction finalmile-leads",
                                     "create finalmile.leads.events.v1 finalmile-leads",
                                     "send finalmile.leads.events.v1 finalmile-leads",
                                     "process finalmile.leads.events.v1 finalmile-catalog"));
  // Through a record without an outbox, two services and back.
  EXPECT_THAT(WayOf(*Find(spans, meetings, "finalmile-leads", IdOf(2)), spans),
              ::testing::ElementsAre("finalmile.leads.v1.LeadService/RecordActivity finalmile-leads",
                                     "process finalmile.leads.activities.v1 finalmile-leads",
                                     "create finalmile.leads.events.v1 finalmile-leads",
                                     "send finalmile.leads.events.v1 finalmile-leads",
                                     "process finalmile.leads.events.v1 finalmile-appointments",
                                     "create finalmile.appointments.events.v1 finalmile-appointments",
                                     "send finalmile.appointments.events.v1 finalmile-appointments",
                                     "process finalmile.appointments.events.v1 finalmile-leads"));
  for (const CollectedSpan& span : spans) {
    if (!span.name.starts_with("process ")) continue;
    EXPECT_THAT(span.links, AllOf(::testing::Not(::testing::IsEmpty()), Contains(span.parent))) << span.name;
  }
  for (const std::string& body : collector_.bodies()) {
    for (const char* personal : {kEmail, kName, "Example GmbH"})
      EXPECT_EQ(body.find(personal), std::string::npos) << "a trace tells of a person";
  }
}

// Nothing is recorded here; the traces of callers are passed on all the same.
TEST(PassedOnTest, WhatEachRecordOfABatchBringsAboutKeepsItsTrace) {
  testing::ModuleHarness leads(leads::kModule);
  std::map<std::string, std::string> traces;
  std::vector<std::string> names;
  const auto traced = [](uint64_t trace) {
    return rpc::CallOptions{.metadata = {{"traceparent", TraceContext{trace, trace, 7, true}.ToString()}}};
  };
  for (uint64_t i = 1; i <= 3; ++i) {
    const auto lead = leads.channel().Call<leads::v1::Lead>(std::string(kService) + "CreateLead",
                                                            ReadyLead("jane@" + std::to_string(i) + ".org"));
    ASSERT_TRUE(lead.ok()) << lead.status();
    names.push_back(lead->name());
  }
  leads.Settle();
  for (uint64_t i = 1; i <= 3; ++i) {
    const std::string& lead = names[i - 1];
    traces[lead] = TraceContext{i, i, 7, true}.ToString();
    ASSERT_TRUE(leads.channel()
                    .Call<leads::v1::RecordActivityResponse>(std::string(kService) + "RecordActivity",
                                                             DemoRequest(lead, leads.clock().Now()),
                                                             traced(i))
                    .ok());
  }
  const int64_t before = leads.consumer(0).stats().batches;
  leads.Settle();
  EXPECT_EQ(leads.consumer(0).stats().batches, before + 1) << "they are one batch";
  int followed = 0;
  for (const events::Record& record : leads.ReadTopic(outbox::TopicName<leads::v1::LeadEvent>())) {
    leads::v1::LeadEvent event;
    ASSERT_TRUE(event.ParseFromString(record.value));
    std::string trace;
    for (const auto& [name, value] : record.headers) {
      if (name == "traceparent") trace = value;
    }
    if (!event.has_lead_became_sales_ready()) continue;
    ++followed;
    EXPECT_EQ(trace, traces.at(record.key));
  }
  EXPECT_EQ(followed, 3);
}

}  // namespace
}  // namespace finalmile::contracts
