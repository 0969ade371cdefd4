#include "libs/outbox/batch_spans.h"

#include <fmt/format.h>

#include <algorithm>

#include "libs/outbox/consumer_fixture.h"
#include "libs/outbox/relay.h"
#include "libs/testing/spans.h"

namespace finalmile::outbox {
namespace {

constexpr TraceContext kOne{1, 1, 11, true};
constexpr TraceContext kTwo{2, 2, 22, true};
constexpr TraceContext kUnsampled{3, 3, 33, false};

events::Headers HeadersOf(const std::optional<TraceContext>& trace) {
  events::Headers headers = {{"ce_id", "x"}};
  SetTrace(trace, headers);
  return headers;
}

// The attribute as text; empty: absent.
std::string Attribute(const SpanRecord& span, std::string_view name) {
  for (const auto& [key, value] : span.attributes) {
    if (key != name) continue;
    const auto* text = std::get_if<std::string>(&value);
    return text != nullptr ? *text : fmt::format("{}", std::get<int64_t>(value));
  }
  return {};
}

class BatchSpansTest : public ConsumerTest {
 protected:
  // Appends a record of the topic "t" and of this trace.
  void AppendOf(const std::optional<TraceContext>& trace, const std::string& key, const std::string& value) {
    ASSERT_EQ(log_->Append({{"t", key, value, HeadersOf(trace)}}, Soon()), absl::OkStatus());
  }
  void Trace() {
    consumer_ = std::make_unique<Consumer>(ConsumerOptions{.name = "c", .topics = {"t"}}, *database, *events,
                                           clock, logger, handler, &tracer_);
  }

  const std::unique_ptr<Rng> rng_ = NewSeededRng(1);
  testing::CapturingSpans spans_;
  Tracer tracer_{"finalmile-leads", clock, *rng_, {}, spans_};
};

TEST_F(BatchSpansTest, OneForEachTraceAndTopicWithALinkToEachRecord) {
  BatchSpans batch(&tracer_, SpanKind::kProducer, "send", "local");
  TraceContext other = kOne;
  other.span = 12;
  for (const auto& trace :
       std::vector<std::optional<TraceContext>>{kOne, kTwo, other, kUnsampled, std::nullopt})
    batch.Add("t", HeadersOf(trace));
  batch.Add("u", HeadersOf(kOne));
  const auto of_one = batch.TraceFor("t", HeadersOf(kOne));
  EXPECT_EQ(of_one->TraceId(), kOne.TraceId());
  EXPECT_NE(of_one->span, kOne.span);
  EXPECT_EQ(batch.TraceFor("t", HeadersOf(other)), of_one);
  EXPECT_NE(batch.TraceFor("u", HeadersOf(kOne)), of_one);
  EXPECT_EQ(batch.TraceFor("t", HeadersOf(kUnsampled)), kUnsampled) << "as it came";
  EXPECT_EQ(batch.TraceFor("t", HeadersOf(std::nullopt)), std::nullopt);
  batch.End(absl::OkStatus());
  const auto sent = spans_.Named("send t");
  ASSERT_EQ(sent.size(), 2u);
  EXPECT_EQ(spans_.Named("send u").size(), 1u);
  EXPECT_EQ(sent[0].kind, SpanKind::kProducer);
  EXPECT_EQ(sent[0].parent, kOne.span);
  EXPECT_EQ(sent[0].links, (std::vector<TraceContext>{kOne, other}));
  EXPECT_FALSE(sent[0].failed);
  EXPECT_EQ(Attribute(sent[0], "messaging.batch.message_count"), "2");
  EXPECT_EQ(Attribute(sent[0], "messaging.destination.name"), "t");
  EXPECT_EQ(Attribute(sent[0], "messaging.system"), "local");
}

TEST_F(BatchSpansTest, TracesBeyondTheBoundAreLeftOutAndCounted) {
  for (const size_t traces :
       {BatchSpans::kMostSpans - 1, BatchSpans::kMostSpans, BatchSpans::kMostSpans + 1}) {
    const size_t before = spans_.all().size();
    {
      BatchSpans batch(&tracer_, SpanKind::kConsumer, "process", "local");
      for (uint64_t i = 1; i <= traces; ++i) batch.Add("t", HeadersOf(TraceContext{i, i, i, true}));
      batch.Add("t", HeadersOf(TraceContext{1, 1, 7, true}));
      const TraceContext last{traces, traces, traces, true};
      EXPECT_EQ(batch.TraceFor("t", HeadersOf(last)) == last, traces > BatchSpans::kMostSpans)
          << "it keeps what it carries";
    }
    EXPECT_EQ(spans_.all().size() - before, std::min(traces, BatchSpans::kMostSpans));
  }
  EXPECT_EQ(spans_.left_out(), 1);
  EXPECT_TRUE(spans_.all().back().failed) << "nobody said how it ended";
}

TEST_F(BatchSpansTest, AnEventGoesFromItsTransactionThroughTheRelayToTheTopic) {
  const absl::Status done = store_->Transact({.deadline = Soon()}, [&](storage::Transaction& transaction) {
    const SpanScope scope(&tracer_, kOne);
    OutgoingEvent event;
    event.topic = "t";
    event.key = a_;
    event.seq = 1;
    std::vector<OutgoingEvent> written(2, event);
    written[0].trace = TraceScope::Current();
    written[1].trace = kTwo;
    return Write(transaction, written);
  });
  ASSERT_EQ(done, absl::OkStatus());
  const auto created = spans_.Named("create t");
  ASSERT_EQ(created.size(), 1u);
  EXPECT_EQ(created[0].parent, kOne.span);
  Election election("s", *database, clock, logger);
  LeaderStep relay(election, *database, clock, logger,
                   std::make_unique<Relay>(*events, clock, Relay::Options{.tracer = &tracer_}));
  election.Run();
  Drive(relay);
  const auto sent = spans_.Named("send t");
  ASSERT_EQ(sent.size(), 2u);
  EXPECT_EQ(sent[0].parent, created[0].context.span);
  EXPECT_EQ(sent[1].parent, kTwo.span) << "its own trace, not that of the transaction";
  const auto wake = clock.NewWaitEvent();
  const auto records = *(*log_->OpenTail({"t"}, events::TailFrom::kStart, Soon(), *wake))->Poll(100);
  ASSERT_EQ(records.size(), 2u);
  EXPECT_EQ(TraceOf(records[0].headers), sent[0].context);
  EXPECT_EQ(TraceOf(records[1].headers), sent[1].context);
}

TEST_F(BatchSpansTest, WhatFollowsFromARecordBelongsToItsOwnTrace) {
  std::map<std::string, std::optional<TraceContext>> seen;
  std::optional<TraceContext> around = kTwo;
  handler.on_delivery = [&](const Delivery& delivery) {
    seen[delivery.record->value] = delivery.trace;
    around = TraceScope::Current();
  };
  Trace();
  AppendOf(kOne, a_, "one");
  AppendOf(kTwo, a_, "two");
  AppendOf(kUnsampled, a_, "unsampled");
  AppendOf(std::nullopt, a_, "none");
  Drive(*consumer_);
  EXPECT_EQ(around, std::nullopt) << "the batch belongs to several";
  const auto processed = spans_.Named("process t");
  ASSERT_EQ(processed.size(), 2u);
  EXPECT_EQ(processed[0].parent, kOne.span);
  EXPECT_EQ(processed[0].links, (std::vector<TraceContext>{kOne}));
  EXPECT_EQ(Attribute(processed[0], "messaging.consumer.group.name"), "c");
  EXPECT_EQ(seen["one"], processed[0].context);
  EXPECT_EQ(seen["two"], processed[1].context);
  EXPECT_EQ(seen["unsampled"], kUnsampled);
  EXPECT_EQ(seen["none"], std::nullopt);
}

TEST_F(BatchSpansTest, ABatchOfOneTraceBelongsToItAsAWhole) {
  std::optional<TraceContext> around;
  handler.on_delivery = [&](const Delivery&) { around = TraceScope::Current(); };
  Trace();
  AppendOf(kOne, a_, "x");
  AppendOf(kOne, a_, "y");
  Drive(*consumer_);
  ASSERT_EQ(spans_.all().size(), 1u);
  EXPECT_EQ(around, spans_.all()[0].context);
}

TEST_F(BatchSpansTest, WithoutATracerRecordsKeepTheTraceThatTheyCarry) {
  std::optional<TraceContext> seen;
  handler.on_delivery = [&](const Delivery& delivery) {
    EXPECT_EQ(TraceScope::Current(), delivery.trace);
    EXPECT_EQ(SpanScope::Recording(), nullptr);
    seen = delivery.trace;
  };
  AppendOf(kUnsampled, a_, "x");
  Drive(*consumer_);
  EXPECT_EQ(seen, kUnsampled);
}

// Notes to which trace each line belongs.
class TracesOfLines final : public Log {
 public:
  std::map<std::string, std::optional<TraceContext>> traces;

  void Write(Severity, std::string_view message, std::initializer_list<LogField>) override {
    traces[std::string(message)] = TraceScope::Current();
  }
};

TEST_F(BatchSpansTest, LinesAboutABatchOfOneTraceNameIt) {
  TracesOfLines lines;
  Consumer consumer({.name = "c", .topics = {"t"}}, *database, *events, clock, lines, handler);
  handler.faults["bad"] = RecordFault("no good");
  handler.faults["down"] = absl::UnavailableError("away");
  AppendOf(kOne, a_, "bad");
  AppendOf(kTwo, a_, "good");
  Drive(consumer);
  EXPECT_EQ(lines.traces["parks a record"], kOne) << "although its batch had two";
  AppendOf(kTwo, a_, "down");
  consumer.Run();
  EXPECT_EQ(lines.traces["holds a batch"], kTwo);
}

TEST_F(BatchSpansTest, ABatchThatFailsSaysSo) {
  handler.faults["x"] = RecordFault("no good");
  Trace();
  AppendOf(kOne, a_, "x");
  Drive(*consumer_);
  const auto processed = spans_.Named("process t");
  // With the others, alone, and parked.
  ASSERT_EQ(processed.size(), 3u);
  EXPECT_TRUE(processed[1].failed);
  EXPECT_EQ(Attribute(processed[1], "error.type"), "INVALID_ARGUMENT");
  EXPECT_FALSE(processed[2].failed);
  EXPECT_EQ(Parked(), (Strings{"failed:x"}));
}

}  // namespace
}  // namespace finalmile::outbox
