#include "libs/telemetry/span_exporter.h"

#include <gtest/gtest.h>

#include <thread>

#include "libs/testing/logs.h"
#include "libs/testing/manual_clock.h"
#include "libs/testing/trace_collector.h"

namespace finalmile::telemetry {
namespace {

constexpr absl::Duration kStart = absl::Hours(1);

// On a clock that the test moves: a request of the exporter has all the time it needs.
class SpanExporterTest : public ::testing::Test {
 protected:
  void Make(size_t queue, size_t batch, const std::string& url = {}) {
    auto made = SpanExporter::Make({.endpoint = (url.empty() ? collector_.url() : url) + "/v1/traces",
                                    .resource = {{"service.version", "1"}},
                                    .queue = queue,
                                    .batch = batch},
                                   clock_, *rng_, log_, counters_);
    ASSERT_TRUE(made.ok()) << made.status();
    exporter_ = *std::move(made);
  }
  void Take(size_t count) {
    for (size_t i = 0; i < count; ++i) {
      SpanRecord span;
      span.service = "finalmile-leads";
      span.context = {1, 2, ++ids_, true};
      span.name = "work";
      span.start = span.end = clock_.Now();
      exporter_->Take(std::move(span));
    }
  }
  double Dropped(const std::string& reason) {
    return metrics_.Counter("finalmile_spans_dropped_total", "", {{"reason", reason}}).value();
  }
  double Exported() { return metrics_.Counter("finalmile_spans_exported_total", "").value(); }

  testing::ManualClock clock_;
  const std::unique_ptr<Rng> rng_ = NewSeededRng(1);
  testing::CapturingLog log_;
  Metrics metrics_;
  SpanCounters counters_{metrics_};
  testing::TraceCollector collector_;
  std::unique_ptr<SpanExporter> exporter_;
  uint64_t ids_ = 0;
};

TEST_F(SpanExporterTest, SpansGoInBatchesAndWithoutOneNothingIsSent) {
  Make(100, 10);
  EXPECT_EQ(exporter_->Run(), kStart + absl::Seconds(1));
  EXPECT_TRUE(collector_.bodies().empty());
  for (const size_t count : {9, 10, 11}) {
    exporter_->wake().Clear();
    Take(count);
    EXPECT_EQ(exporter_->wake().WaitUntil(absl::ZeroDuration()), count >= 10) << count;
    const size_t before = collector_.bodies().size();
    EXPECT_EQ(exporter_->Run(), kStart + absl::Seconds(1)) << "what is left may wait for others";
    exporter_->Run();
    EXPECT_EQ(collector_.bodies().size() - before, count > 10 ? 2u : 1u) << count;
  }
  EXPECT_EQ(Exported(), 30);
  EXPECT_EQ(collector_.spans().size(), 30u);
  Take(20);
  EXPECT_EQ(exporter_->Run(), absl::ZeroDuration()) << "another batch is full";
}

TEST_F(SpanExporterTest, BeyondTheQueueSpansAreDroppedAndCounted) {
  for (const size_t count : {9, 10, 11}) {
    Make(10, 100);
    Take(count);
    EXPECT_EQ(Dropped("queue_full"), count > 10 ? 1 : 0) << count;
  }
  exporter_->LeftOut(3);
  EXPECT_EQ(Dropped("batch"), 3);
}

TEST_F(SpanExporterTest, ABatchThatNobodyTakesIsSentAgainLaterAndLaterAndThenDropped) {
  Make(100, 10);
  collector_.Answer(503);
  Take(10);
  absl::Duration last = absl::ZeroDuration();
  for (int i = 1; i <= SpanExporter::kTries; ++i) {
    EXPECT_EQ(Dropped("unreachable"), 0);
    const absl::Duration next = exporter_->Run();
    EXPECT_EQ(collector_.bodies().size(), static_cast<size_t>(i));
    const absl::Duration pause = next - clock_.Steady();
    EXPECT_GE(pause, absl::Seconds(0.5) * (1 << (i - 1)));
    EXPECT_LE(pause, absl::Seconds(1) * (1 << (i - 1)));
    // Woken early, it waits all the same.
    EXPECT_EQ(exporter_->Run(), next);
    EXPECT_EQ(collector_.bodies().size(), static_cast<size_t>(i));
    last = next;
    clock_.Advance(pause);
  }
  EXPECT_EQ(Dropped("unreachable"), 10);
  EXPECT_EQ(Exported(), 0);
  EXPECT_EQ(log_.Count(Severity::kWarning, "cannot export spans"), 1) << "once a minute";
  // It goes on where it was.
  collector_.Answer(200);
  Take(3);
  EXPECT_EQ(exporter_->Run(), clock_.Steady() + absl::Seconds(1));
  EXPECT_EQ(Exported(), 3);
  EXPECT_EQ(log_.Count(Severity::kInfo, "spans are exported again"), 1);
}

TEST_F(SpanExporterTest, WhatIsWrongIsSaidOnceAMinute) {
  Make(100, 10);
  collector_.Answer(502);
  for (int i = 0; i < 100; ++i) {
    Take(1);
    const absl::Duration next = exporter_->Run();
    clock_.Advance(next - clock_.Steady());
  }
  const int64_t minutes = absl::ToInt64Minutes(clock_.Steady() - kStart);
  EXPECT_GT(minutes, 10);
  EXPECT_LE(log_.Count(Severity::kWarning, "cannot export spans"), minutes + 1);
  EXPECT_GT(log_.Count(Severity::kWarning, "cannot export spans"), minutes / 2);
}

TEST_F(SpanExporterTest, AnEndpointThatIsAwayHoldsNobodyUp) {
  std::string url;
  {
    testing::TraceCollector gone;
    url = gone.url();
  }
  Make(10, 5, url);
  Take(100);
  EXPECT_EQ(Dropped("queue_full"), 90);
  EXPECT_GT(exporter_->Run(), clock_.Steady());
  EXPECT_EQ(log_.Count(Severity::kWarning, url), 1);
}

TEST_F(SpanExporterTest, WhatTheReceiverRefusesIsDroppedAndCounted) {
  Make(100, 10);
  collector_.Answer(400);
  Take(4);
  exporter_->Run();
  EXPECT_EQ(Dropped("refused"), 4);
  collector_.Answer(200, R"({"partialSuccess":{"rejectedSpans":"2"}})");
  Take(5);
  exporter_->Run();
  EXPECT_EQ(Dropped("refused"), 6);
  EXPECT_EQ(Exported(), 3);
  EXPECT_EQ(log_.Count(Severity::kWarning, "refuses spans"), 1);
}

TEST_F(SpanExporterTest, TheEndSendsWhatWaits) {
  Make(100, 10);
  Take(25);
  exporter_->Flush(clock_.Steady() + absl::Seconds(1));
  EXPECT_EQ(Exported(), 25);
  EXPECT_EQ(collector_.bodies().size(), 3u);
  collector_.Answer(503);
  Take(25);
  exporter_->Flush(clock_.Steady() + absl::Seconds(1));
  EXPECT_EQ(Dropped("stopping"), 25);
  EXPECT_EQ(collector_.bodies().size(), 4u) << "what nobody took is not tried again";
}

TEST_F(SpanExporterTest, ASlowEndpointHoldsTheEndNoLongerThanItsDeadline) {
  const auto clock = NewSystemClock();
  auto exporter =
      SpanExporter::Make({.endpoint = collector_.url() + "/v1/traces"}, *clock, *rng_, log_, counters_);
  ASSERT_TRUE(exporter.ok()) << exporter.status();
  exporter_ = *std::move(exporter);
  collector_.Answer(0);
  Take(3);
  exporter_->Flush(clock->Steady() + absl::Milliseconds(100));
  EXPECT_EQ(Dropped("stopping"), 3);
}

TEST_F(SpanExporterTest, SpansOfManyThreadsAreEachSentOrCounted) {
  Make(50, 10);
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([this, i] {
      for (uint64_t j = 0; j < 100; ++j) {
        SpanRecord span;
        span.service = "finalmile-leads";
        span.context = {1, 2, static_cast<uint64_t>(i) * 1000 + j + 1, true};
        exporter_->Take(std::move(span));
      }
    });
  }
  for (int i = 0; i < 20; ++i) exporter_->Run();
  for (std::thread& thread : threads) thread.join();
  exporter_->Flush(clock_.Steady() + absl::Seconds(10));
  EXPECT_EQ(Exported() + Dropped("queue_full"), 400);
  EXPECT_GT(Exported(), 0);
}

}  // namespace
}  // namespace finalmile::telemetry
