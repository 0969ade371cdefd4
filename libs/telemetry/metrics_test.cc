#include "libs/telemetry/metrics.h"

#include <gtest/gtest.h>

#include <thread>

namespace finalmile::telemetry {
namespace {

TEST(MetricsTest, TheSameNameAndLabelsAreTheSameSeries) {
  Metrics metrics;
  metrics.Counter("runs_total", "Runs.", {{"step", "a"}, {"kind", "x"}}).Add();
  metrics.Counter("runs_total", "Runs.", {{"kind", "x"}, {"step", "a"}}).Add(2);
  metrics.Counter("runs_total", "Runs.", {{"step", "b"}, {"kind", "x"}}).Add();
  EXPECT_EQ(metrics.Counter("runs_total", "Runs.", {{"step", "a"}, {"kind", "x"}}).value(), 3);
  EXPECT_EQ(metrics.Counter("runs_total", "Runs.", {{"step", "b"}, {"kind", "x"}}).value(), 1);
}

TEST(MetricsTest, SerializesInPrometheusText) {
  Metrics metrics;
  metrics.Counter("runs_total", "Runs.", {{"step", "leads.relay"}}).Add(2);
  metrics.Gauge("depth", "Depth.").Set(7);
  const Histogram seconds = metrics.Histogram("seconds", "Seconds.", {0.1, 1});
  seconds.Observe(0.1);
  seconds.Observe(0.5);
  seconds.Observe(3);
  const std::string text = metrics.Serialize();
  EXPECT_NE(
      text.find("# HELP runs_total Runs.\n# TYPE runs_total counter\nruns_total{step=\"leads.relay\"} 2\n"),
      std::string::npos)
      << text;
  EXPECT_NE(text.find("# TYPE depth gauge\ndepth 7\n"), std::string::npos) << text;
  EXPECT_NE(
      text.find("seconds_bucket{le=\"0.1\"} 1\nseconds_bucket{le=\"1\"} 2\nseconds_bucket{le=\"+Inf\"} 3\n"),
      std::string::npos)
      << text;
  EXPECT_NE(text.find("seconds_count 3\n"), std::string::npos) << text;
}

TEST(MetricsTest, BeyondTheBoundSeriesShareOne) {
  Metrics metrics;
  const auto at = [&](size_t i) { return metrics.Counter("c_total", "C.", {{"id", std::to_string(i)}}); };
  for (size_t i = 0; i < Metrics::kMaxSeries; ++i) at(i).Add();
  EXPECT_EQ(metrics.Serialize().find("\"other\""), std::string::npos);
  at(Metrics::kMaxSeries).Add();
  at(Metrics::kMaxSeries + 1).Add();
  at(0).Add();
  const std::string text = metrics.Serialize();
  EXPECT_NE(text.find("c_total{id=\"other\"} 2\n"), std::string::npos);
  EXPECT_NE(text.find("c_total{id=\"0\"} 2\n"), std::string::npos);
  EXPECT_NE(text.find("finalmile_metrics_overflow_total{metric=\"c_total\"} 2\n"), std::string::npos);
}

TEST(MetricsTest, HandlesAreThreadSafe) {
  Metrics metrics;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&metrics] {
      for (int j = 0; j < 1000; ++j) metrics.Counter("c_total", "C.", {{"mod", std::to_string(j % 3)}}).Add();
    });
  }
  for (std::thread& thread : threads) thread.join();
  double sum = 0;
  for (int j = 0; j < 3; ++j) sum += metrics.Counter("c_total", "C.", {{"mod", std::to_string(j)}}).value();
  EXPECT_EQ(sum, 4000);
}

TEST(MetricsDeathTest, MistakesOfTheProgramEndIt) {
  Metrics metrics;
  metrics.Counter("c_total", "C.", {{"a", "1"}});
  EXPECT_DEATH(metrics.Counter("c_total", "C.", {{"b", "1"}}), "c_total is used with other label names");
  EXPECT_DEATH(metrics.Gauge("c_total", "C.", {{"a", "1"}}), "c_total is already of another kind");
}

TEST(MetricsTest, TheOverflowStandsThereBeforeItHappens) {
  Metrics metrics;
  metrics.Counter("c_total", "C.", {{"a", "1"}}).Add();
  metrics.Counter("d_total", "D.").Add();
  const std::string text = metrics.Serialize();
  EXPECT_NE(text.find("finalmile_metrics_overflow_total{metric=\"c_total\"} 0\n"), std::string::npos) << text;
  EXPECT_EQ(text.find("metric=\"d_total\""), std::string::npos) << "it has no labels";
}

TEST(MetricsTest, WhatIsKnownAtAnyTimeIsAskedForEachScrape) {
  Metrics metrics;
  const Gauge gauge = metrics.Gauge("g", "G.");
  int value = 0;
  {
    const auto update = metrics.BeforeEach([&] { gauge.Set(++value); });
    EXPECT_NE(metrics.Serialize().find("\ng 1\n"), std::string::npos);
    EXPECT_NE(metrics.Serialize().find("\ng 2\n"), std::string::npos);
  }
  EXPECT_NE(metrics.Serialize().find("\ng 2\n"), std::string::npos) << "nobody updates it any more";
}

}  // namespace
}  // namespace finalmile::telemetry
