#include "libs/base/span.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

#include "libs/testing/manual_clock.h"
#include "libs/testing/spans.h"

namespace finalmile {
namespace {

using testing::CapturingSpans;

constexpr TraceContext kCaller{0x4bf92f3577b34da6, 0xa3ce929d0e0e4736, 0x00f067aa0ba902b7, true};

TraceContext Unsampled(TraceContext context) {
  context.sampled = false;
  return context;
}

class SpanTest : public ::testing::Test {
 protected:
  Tracer TracerOf(const Sampler& sampler) {
    return Tracer("finalmile-leads", clock_, *rng_, sampler, spans_);
  }

  testing::ManualClock clock_;
  const std::unique_ptr<Rng> rng_ = NewSeededRng(1);
  CapturingSpans spans_;
};

TEST_F(SpanTest, ASpanSaysWhatItDidBelowItsParent) {
  Tracer tracer = TracerOf({});
  const absl::Time start = clock_.Now();
  {
    Span span = tracer.Start("work", SpanKind::kServer, kCaller);
    ASSERT_TRUE(span);
    span.Set("rpc.system", "grpc");
    span.Set("attempts", 2);
    span.Set("read_only", true);
    span.Fail();
    clock_.Advance(absl::Milliseconds(3));
    EXPECT_TRUE(spans_.all().empty()) << "it has not ended";
  }
  ASSERT_EQ(spans_.all().size(), 1u);
  const SpanRecord span = spans_.all().front();
  EXPECT_EQ(span.service, "finalmile-leads");
  EXPECT_EQ(span.name, "work");
  EXPECT_EQ(span.kind, SpanKind::kServer);
  EXPECT_EQ(span.context.TraceId(), kCaller.TraceId());
  EXPECT_NE(span.context.span, kCaller.span);
  EXPECT_NE(span.context.span, 0u);
  EXPECT_EQ(span.parent, kCaller.span);
  EXPECT_EQ(span.start, start);
  EXPECT_EQ(span.end, start + absl::Milliseconds(3));
  EXPECT_TRUE(span.failed);
  ASSERT_EQ(span.attributes.size(), 3u);
  EXPECT_EQ(std::get<std::string>(span.attributes[0].second), "grpc");
  EXPECT_EQ(std::get<int64_t>(span.attributes[1].second), 2);
  EXPECT_EQ(std::get<bool>(span.attributes[2].second), true);
}

TEST_F(SpanTest, WithoutAParentItBeginsATrace) {
  Tracer tracer = TracerOf({});
  tracer.Start("one", SpanKind::kServer, std::nullopt);
  tracer.Start("other", SpanKind::kServer, std::nullopt);
  const auto spans = spans_.all();
  ASSERT_EQ(spans.size(), 2u);
  EXPECT_EQ(spans[0].parent, 0u);
  EXPECT_NE(spans[0].context.TraceId(), spans[1].context.TraceId());
}

TEST_F(SpanTest, EachSamplerDecidesAsItsNameSays) {
  struct Row {
    const char* name;
    Sampler sampler;
    bool root, of_sampled, of_unsampled;
  };
  for (const Row& row : std::vector<Row>{{"always_on", {1, false}, true, true, true},
                                         {"always_off", {0, false}, false, false, false},
                                         {"traceidratio 1", {1, false}, true, true, true},
                                         {"traceidratio 0", {0, false}, false, false, false},
                                         {"parentbased_always_on", {1, true}, true, true, false},
                                         {"parentbased_always_off", {0, true}, false, true, false},
                                         {"parentbased_traceidratio 0", {0, true}, false, true, false}}) {
    Tracer tracer = TracerOf(row.sampler);
    EXPECT_EQ(bool(tracer.Start("x", SpanKind::kServer, std::nullopt)), row.root) << row.name;
    EXPECT_EQ(bool(tracer.Start("x", SpanKind::kServer, kCaller)), row.of_sampled) << row.name;
    EXPECT_EQ(bool(tracer.Start("x", SpanKind::kServer, Unsampled(kCaller))), row.of_unsampled) << row.name;
  }
}

TEST_F(SpanTest, ARatioChoosesByTheLowerHalfOfTheTracesId) {
  const Sampler half{0.5, false};
  const uint64_t middle = uint64_t{1} << 62;
  EXPECT_TRUE(half.Samples(std::nullopt, middle - 1024));
  EXPECT_FALSE(half.Samples(std::nullopt, middle));
  EXPECT_FALSE(half.Samples(std::nullopt, middle + 1));
  EXPECT_TRUE(half.Samples(std::nullopt, uint64_t{1} << 63)) << "the highest bit does not count";
  int sampled = 0;
  for (int i = 0; i < 10'000; ++i)
    sampled += Sampler{0.05, false}.Samples(std::nullopt, rng_->Next()) ? 1 : 0;
  EXPECT_NEAR(sampled, 500, 100);
}

TEST_F(SpanTest, AttributesLinksAndTextsAreBounded) {
  Tracer tracer = TracerOf({});
  for (const size_t given : {Span::kMostLinks - 1, Span::kMostLinks, Span::kMostLinks + 1}) {
    Span span = tracer.Start("x", SpanKind::kConsumer, std::nullopt);
    for (size_t i = 0; i < given; ++i) {
      span.Link(kCaller);
      span.Set("a", 1);
    }
    span.End();
    EXPECT_EQ(spans_.all().back().links.size(), std::min(given, Span::kMostLinks));
    EXPECT_EQ(spans_.all().back().dropped_links, given > Span::kMostLinks ? 1 : 0);
    EXPECT_EQ(spans_.all().back().attributes.size(), Span::kMostAttributes);
  }
  for (const size_t bytes : {Span::kLongestText - 1, Span::kLongestText, Span::kLongestText + 1}) {
    Span span = tracer.Start("x", SpanKind::kInternal, std::nullopt);
    span.Set("a", std::string(bytes, 'x'));
    span.End();
    EXPECT_EQ(std::get<std::string>(spans_.all().back().attributes[0].second).size(),
              std::min(bytes, Span::kLongestText));
  }
}

TEST_F(SpanTest, ChildrenStandBelowTheThreadsOwnSpan) {
  Tracer tracer = TracerOf({});
  const Span server = tracer.Start("server", SpanKind::kServer, kCaller);
  {
    const SpanScope scope(&tracer, server.context());
    {
      ChildSpan outer("outer", SpanKind::kInternal);
      ASSERT_TRUE(outer);
      EXPECT_EQ(TraceScope::Current(), outer->context());
      const ChildSpan inner("inner", SpanKind::kInternal);
      std::thread([] { EXPECT_FALSE(ChildSpan("elsewhere", SpanKind::kInternal)); }).join();
    }
    EXPECT_EQ(TraceScope::Current(), server.context());
  }
  EXPECT_FALSE(ChildSpan("after", SpanKind::kInternal));
  const auto spans = spans_.all();
  ASSERT_EQ(spans.size(), 2u);
  EXPECT_EQ(spans[0].name, "inner");
  EXPECT_EQ(spans[0].parent, spans[1].context.span);
  EXPECT_EQ(spans[1].parent, server.context()->span);
}

TEST_F(SpanTest, WhereNothingIsRecordedTheCallersTraceIsPassedOn) {
  Tracer tracer = TracerOf({});
  for (Tracer* const none : {static_cast<Tracer*>(nullptr), &tracer}) {
    const SpanScope scope(none, Unsampled(kCaller));
    const ChildSpan child("child", SpanKind::kInternal);
    EXPECT_FALSE(child);
    EXPECT_EQ(TraceScope::Current(), Unsampled(kCaller));
  }
  const SpanScope scope(&tracer, std::nullopt);
  EXPECT_FALSE(ChildSpan("child", SpanKind::kInternal)) << "it would begin a trace";
  EXPECT_TRUE(spans_.all().empty());
}

}  // namespace
}  // namespace finalmile
