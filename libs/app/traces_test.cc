#include "libs/app/traces.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "libs/app/settings.h"
#include "libs/app/suite.h"
#include "libs/app/testdata/notes_module.h"
#include "libs/rpc/client.h"
#include "libs/testing/logs.h"
#include "libs/testing/manual_clock.h"
#include "libs/testing/temporary_folder.h"
#include "libs/testing/trace_collector.h"
#include "notes.pb.h"

namespace finalmile::app {
namespace {

using apptest::v1::Note;
using testing::CollectedSpan;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr char kEndpoint[] = "http://otel-collector:4318";
constexpr char kTrace[] = "4bf92f3577b34da6a3ce929d0e0e4736";
constexpr char kTraceparent[] = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

class TracesTest : public ::testing::Test {
 protected:
  absl::StatusOr<std::unique_ptr<Traces>> Open(const config::Assignments& environment,
                                               std::vector<const ModuleSpec*> modules = {}) {
    if (modules.empty()) modules = {&notes_};
    auto config = config::Load(SchemaFor(modules), {}, environment);
    if (!config.ok()) return config.status();
    return Traces::Open(*config, modules, clock_, *rng_, log_, metrics_);
  }
  std::string Error(const config::Assignments& environment) {
    return std::string(Open(environment).status().message());
  }

  testing::ManualClock clock_;
  const std::unique_ptr<Rng> rng_ = NewSeededRng(1);
  testing::NullLog log_;
  telemetry::Metrics metrics_;
  const ModuleSpec notes_ = NotesModule("notes", true);
  const ModuleSpec counts_ = NotesModule("counts", false);
};

TEST_F(TracesTest, NothingIsRecordedUnlessAnEndpointIsSet) {
  for (const config::Assignments& environment :
       {config::Assignments{},
        {{"OTEL_TRACES_SAMPLER", "always_on"}},
        {{"OTEL_EXPORTER_OTLP_ENDPOINT", ""}},
        {{"OTEL_EXPORTER_OTLP_ENDPOINT", kEndpoint}, {"OTEL_TRACES_SAMPLER", "always_off"}}}) {
    const auto traces = Open(environment);
    ASSERT_TRUE(traces.ok()) << traces.status();
    EXPECT_EQ((*traces)->Of("notes"), nullptr);
    EXPECT_EQ((*traces)->step(), nullptr);
    (*traces)->Flush();
  }
  EXPECT_THAT(metrics_.Serialize(), HasSubstr("finalmile_spans_dropped_total{reason=\"queue_full\"} 0"));
}

TEST_F(TracesTest, EveryServiceOfAProcessHasATracerOfItsOwn) {
  const auto several = Open({{"OTEL_EXPORTER_OTLP_ENDPOINT", kEndpoint}}, {&notes_, &counts_});
  ASSERT_TRUE(several.ok()) << several.status();
  EXPECT_NE((*several)->Of("notes"), nullptr);
  EXPECT_NE((*several)->Of("notes"), (*several)->Of("counts"));
  EXPECT_EQ((*several)->OfPackage("finalmile.notes.v1"), (*several)->Of("notes"));
  EXPECT_EQ((*several)->OfPackage("finalmile.v1"), (*several)->Of("")) << "of the process";
  EXPECT_EQ((*several)->OfPackage("x"), (*several)->Of(""));
  const auto one = Open({{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", kEndpoint}});
  ASSERT_TRUE(one.ok()) << one.status();
  EXPECT_EQ((*one)->Of("notes"), (*one)->Of(""));
  EXPECT_NE((*one)->step(), nullptr);
}

TEST_F(TracesTest, AWrongSettingIsNamedAsItWasGiven) {
  EXPECT_THAT(
      Error({{"OTEL_EXPORTER_OTLP_ENDPOINT", "https://otel:4318"}}),
      HasSubstr("OTEL_EXPORTER_OTLP_ENDPOINT: otel-exporter-otlp-endpoint: https is not spoken here"));
  EXPECT_THAT(
      Error({{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "otel:4318"}}),
      HasSubstr("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: otel-exporter-otlp-traces-endpoint: \"otel:4318\" "
                "must be http://host:port"));
  EXPECT_THAT(Error({{"OTEL_TRACES_SAMPLER", "jaeger_remote"}}),
              HasSubstr("OTEL_TRACES_SAMPLER: otel-traces-sampler is \"jaeger_remote\"; it must be one of "
                        "always_on, always_off, traceidratio, parentbased_always_on"));
  EXPECT_THAT(Error({{"OTEL_TRACES_SAMPLER_ARG", "1.1"}}), HasSubstr("must be a number from 0 to 1"));
}

TEST_F(TracesTest, ResourceAttributesAreBounded) {
  const auto with = [&](const std::string& attributes) {
    return Error({{"OTEL_EXPORTER_OTLP_ENDPOINT", kEndpoint}, {"OTEL_RESOURCE_ATTRIBUTES", attributes}});
  };
  const auto several = [](int count) {
    std::string text;
    for (int i = 0; i < count; ++i) text += "a" + std::to_string(i) + "=x,";
    return text;
  };
  EXPECT_EQ(with("k8s.pod.name=leads-1, team = m%C3%BCller%2C%20ops ,"), "");
  EXPECT_EQ(with(several(31)), "");
  EXPECT_EQ(with(several(32)), "");
  EXPECT_EQ(with(several(33)),
            "OTEL_RESOURCE_ATTRIBUTES: otel-resource-attributes: has more than 32 attributes");
  EXPECT_EQ(with("a=" + std::string(255, 'x')), "");
  EXPECT_EQ(with("a=" + std::string(256, 'x')), "");
  EXPECT_EQ(with("a=" + std::string(257, 'x')),
            "OTEL_RESOURCE_ATTRIBUTES: otel-resource-attributes: a name or value has more than 256 bytes");
  for (const char* wrong : {"a", "=x", "a=%4", "a=%zz", "a=%ff"}) EXPECT_NE(with(wrong), "") << wrong;
}

// Two services of one process, with a receiver of traces.
class TracedSuiteTest : public TracesTest {
 protected:
  ~TracedSuiteTest() override {
    suite_.reset();
    std::fclose(log_file_);
    std::free(log_text_);
  }

  void Start(config::Assignments settings) {
    settings.insert(
        settings.end(),
        {{"data", folder_.path()}, {"listen", "127.0.0.1:0"}, {"admin", ""}, {"log-format", "json"}});
    auto config = config::Load(SchemaFor({&notes_, &counts_}), settings, {});
    ASSERT_TRUE(config.ok()) << config.status();
    auto suite =
        Suite::Start({.modules = {&notes_, &counts_}, .config = *std::move(config), .log_output = log_file_});
    ASSERT_TRUE(suite.ok()) << suite.status();
    suite_ = *std::move(suite);
    channel_ = rpc::NewGrpcChannel({.target = suite_->address()}, *system_clock_, *rng_);
  }
  absl::Status Add(const std::string& text, const std::string& traceparent = {}) {
    Note note;
    note.set_text(text);
    rpc::CallOptions options;
    if (!traceparent.empty()) options.metadata = {{"traceparent", traceparent}};
    return channel_->Call<Note>("/finalmile.apptest.v1.NoteService/AddNote", note, options).status();
  }
  // The span of this name and service; fails the test where there is none.
  CollectedSpan Find(const std::string& name, const std::string& service) {
    for (const CollectedSpan& span : collector_.spans()) {
      if (span.name == name && span.service == service) return span;
    }
    ADD_FAILURE() << "there is no span " << name << " of " << service;
    return {};
  }
  static bool Has(const std::vector<CollectedSpan>& spans, const std::string& name,
                  const std::string& service) {
    return std::any_of(spans.begin(), spans.end(), [&](const CollectedSpan& span) {
      return span.name == name && span.service == service;
    });
  }
  std::string Log() {
    std::fflush(log_file_);
    return log_text_;
  }

  const testing::TemporaryFolder folder_;
  const std::unique_ptr<Clock> system_clock_ = NewSystemClock();
  testing::TraceCollector collector_;
  char* log_text_ = nullptr;
  size_t log_size_ = 0;
  std::FILE* log_file_ = open_memstream(&log_text_, &log_size_);
  std::unique_ptr<Suite> suite_;
  std::unique_ptr<rpc::Channel> channel_;
};

constexpr char kCall[] = "finalmile.apptest.v1.NoteService/AddNote";
constexpr char kTopic[] = "finalmile.apptest.notes.v1";

TEST_F(TracedSuiteTest, ACallIsOneTraceToTheLastConsumer) {
  Start({{"otel-exporter-otlp-endpoint", collector_.url()}, {"otel-service-name", "sales"}});
  ASSERT_EQ(Add("jane@example.org", kTraceparent), absl::OkStatus());
  const std::string process = std::string("process ") + kTopic;
  ASSERT_TRUE(collector_.Await([&](const auto& spans) {
    return Has(spans, process, "sales-notes") && Has(spans, process, "sales-counts") &&
           Has(spans, kCall, "sales") && Has(spans, std::string("send ") + kTopic, "sales-notes");
  }));
  CollectedSpan server = Find(kCall, "sales");
  const CollectedSpan transaction = Find("transaction", "sales");
  const CollectedSpan create = Find(std::string("create ") + kTopic, "sales");
  const CollectedSpan send = Find(std::string("send ") + kTopic, "sales-notes");
  EXPECT_EQ(server.parent, "00f067aa0ba902b7");
  EXPECT_EQ(server.kind, 2);
  EXPECT_EQ(server.attributes["rpc.system"], "grpc");
  EXPECT_EQ(server.attributes["rpc.service"], "finalmile.apptest.v1.NoteService");
  EXPECT_EQ(server.attributes["rpc.method"], "AddNote");
  EXPECT_EQ(server.attributes["rpc.grpc.status_code"], "0");
  EXPECT_FALSE(server.failed);
  EXPECT_EQ(transaction.parent, server.id);
  EXPECT_EQ(transaction.attributes.at("finalmile.attempts"), "1");
  EXPECT_EQ(create.parent, transaction.id);
  EXPECT_EQ(send.parent, create.id);
  EXPECT_THAT(send.links, ElementsAre(create.id));
  for (const char* service : {"sales-notes", "sales-counts"}) {
    const CollectedSpan consumed = Find(process, service);
    EXPECT_EQ(consumed.parent, send.id);
    EXPECT_THAT(consumed.links, ElementsAre(send.id));
    EXPECT_EQ(consumed.kind, 5);
  }
  for (const CollectedSpan& span : collector_.spans()) EXPECT_EQ(span.trace, kTrace) << span.name;
  for (const std::string& body : collector_.bodies())
    EXPECT_EQ(body.find("jane"), std::string::npos) << "a note is somebody's own";
}

TEST_F(TracedSuiteTest, LinesOfACallNameItsSpan) {
  Start({{"otel-exporter-otlp-endpoint", collector_.url()}});
  Note note;
  EXPECT_FALSE(channel_
                   ->Call<Note>("/finalmile.apptest.v1.NoteService/CountNotes", note,
                                {.metadata = {{"traceparent", kTraceparent}, {"finalmile-as", "a b"}}})
                   .ok());
  suite_->Stop();
  CollectedSpan server = Find("finalmile.apptest.v1.NoteService/CountNotes", "finalmile");
  EXPECT_EQ(server.attributes["rpc.grpc.status_code"], "3");
  EXPECT_FALSE(server.failed) << "the caller was wrong";
  EXPECT_THAT(Log(), HasSubstr("\"message\":\"a call failed\""));
  EXPECT_THAT(Log(),
              HasSubstr("\"trace_id\":\"" + std::string(kTrace) + "\",\"span_id\":\"" + server.id + "\""));
}

TEST_F(TracedSuiteTest, TheEndOfTheProcessSendsWhatIsLeft) {
  Start({{"otel-exporter-otlp-endpoint", collector_.url()}});
  for (int i = 0; i < 3; ++i) ASSERT_EQ(Add("x"), absl::OkStatus());
  suite_->Stop();
  const auto spans = collector_.spans();
  EXPECT_EQ(std::count_if(spans.begin(), spans.end(), [](const auto& span) { return span.name == kCall; }),
            3);
}

TEST_F(TracedSuiteTest, WhatItsBeginnerDoesNotRecordIsNotRecordedHere) {
  Start(
      {{"otel-exporter-otlp-endpoint", collector_.url()}, {"otel-traces-sampler", "parentbased_always_on"}});
  std::string unsampled = kTraceparent;
  unsampled.back() = '0';
  ASSERT_EQ(Add("x", unsampled), absl::OkStatus());
  suite_->Stop();
  EXPECT_TRUE(collector_.bodies().empty());
}

}  // namespace
}  // namespace finalmile::app
