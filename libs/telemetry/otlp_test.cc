#include "libs/telemetry/otlp.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace finalmile::telemetry {
namespace {

using nlohmann::json;

SpanRecord Example() {
  SpanRecord span;
  span.service = "finalmile-leads";
  span.context = {0x4bf92f3577b34da6, 0xa3ce929d0e0e4736, 0x00f067aa0ba902b7, true};
  span.name = "finalmile.leads.v1.LeadService/GetLead";
  span.kind = SpanKind::kServer;
  span.start = absl::FromUnixNanos(1'750'000'000'000'000'001);
  span.end = absl::FromUnixNanos(1'750'000'000'002'500'000);
  return span;
}

// The examples of the protocol's own specification are written so: ids in hex and not in base64, 64-bit
// numbers as text, enumerations as numbers, names of fields in lowerCamelCase.
TEST(OtlpTest, ARequestIsJsonByTheProtocolsMapping) {
  SpanRecord span = Example();
  span.parent = 0xb7ad6b7169203331;
  span.attributes = {{"rpc.system", std::string("grpc")},
                     {"rpc.grpc.status_code", int64_t{14}},
                     {"finalmile.read_only", true}};
  span.links = {{1, 2, 3, true}, {4, 5, 6, false}};
  span.dropped_links = 7;
  span.failed = true;
  EXPECT_EQ(json::parse(ToOtlp({&span, 1}, {{"service.version", "0.1.0"}})), json::parse(R"({
    "resourceSpans": [{
      "resource": {"attributes": [
        {"key": "service.name", "value": {"stringValue": "finalmile-leads"}},
        {"key": "service.version", "value": {"stringValue": "0.1.0"}}]},
      "scopeSpans": [{
        "scope": {"name": "finalmile"},
        "spans": [{
          "traceId": "4bf92f3577b34da6a3ce929d0e0e4736",
          "spanId": "00f067aa0ba902b7",
          "parentSpanId": "b7ad6b7169203331",
          "flags": 1,
          "name": "finalmile.leads.v1.LeadService/GetLead",
          "kind": 2,
          "startTimeUnixNano": "1750000000000000001",
          "endTimeUnixNano": "1750000000002500000",
          "attributes": [
            {"key": "rpc.system", "value": {"stringValue": "grpc"}},
            {"key": "rpc.grpc.status_code", "value": {"intValue": "14"}},
            {"key": "finalmile.read_only", "value": {"boolValue": true}}],
          "links": [
            {"traceId": "00000000000000010000000000000002", "spanId": "0000000000000003", "flags": 1},
            {"traceId": "00000000000000040000000000000005", "spanId": "0000000000000006", "flags": 0}],
          "droppedLinksCount": 7,
          "status": {"code": 2}}]}]}]})"));
}

TEST(OtlpTest, WhatIsAbsentIsLeftOut) {
  const SpanRecord span = Example();
  const json request = json::parse(ToOtlp({&span, 1}, {}));
  const json& one = request["resourceSpans"][0]["scopeSpans"][0]["spans"][0];
  for (const char* name : {"parentSpanId", "attributes", "links", "droppedLinksCount", "status"})
    EXPECT_FALSE(one.contains(name)) << name;
  EXPECT_EQ(json::parse(ToOtlp({}, {})), json::parse(R"({"resourceSpans": []})"));
}

TEST(OtlpTest, EachServiceIsAResourceOfItsOwn) {
  std::vector<SpanRecord> spans(3, Example());
  spans[1].service = "finalmile-catalog";
  const json request = json::parse(ToOtlp(spans, {{"deployment", "test"}}));
  ASSERT_EQ(request["resourceSpans"].size(), 2u);
  const json& catalog = request["resourceSpans"][0];
  EXPECT_EQ(catalog["resource"]["attributes"][0]["value"]["stringValue"], "finalmile-catalog");
  EXPECT_EQ(catalog["resource"]["attributes"][1]["value"]["stringValue"], "test");
  EXPECT_EQ(catalog["scopeSpans"][0]["spans"].size(), 1u);
  EXPECT_EQ(request["resourceSpans"][1]["scopeSpans"][0]["spans"].size(), 2u);
}

TEST(OtlpTest, BytesThatAreNoUtf8DoNotSpoilTheRequest) {
  SpanRecord span = Example();
  span.name = "a\xff\"";
  const json request = json::parse(ToOtlp({&span, 1}, {}));
  EXPECT_EQ(request["resourceSpans"][0]["scopeSpans"][0]["spans"][0]["name"], "a\uFFFD\"");
}

TEST(OtlpTest, AnAnswerSaysWhatWasNotTaken) {
  EXPECT_EQ(RejectedSpans(R"({"partialSuccess":{"rejectedSpans":"3","errorMessage":"too old"}})"), 3);
  EXPECT_EQ(RejectedSpans(R"({"partialSuccess":{"rejectedSpans":4}})"), 4);
  EXPECT_EQ(RejectedSpans("2d\r\n{\"partialSuccess\":{\"rejectedSpans\":\"5\"}}\r\n0\r\n\r\n"), 5);
  for (const char* nothing : {"", "{}", "}{", "{", "[1]", R"({"partialSuccess":{}})", "null",
                              R"({"partialSuccess":{"rejectedSpans":"-1"}})",
                              R"({"partialSuccess":{"rejectedSpans":"x"}})", R"({"partialSuccess":7})"}) {
    EXPECT_EQ(RejectedSpans(nothing), 0) << nothing;
  }
}

}  // namespace
}  // namespace finalmile::telemetry
