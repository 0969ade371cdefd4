#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace prometheus {
class Counter;
class Gauge;
class Histogram;
}  // namespace prometheus

namespace finalmile::telemetry {

// Name and value of each label. Values come from small, fixed sets: never ids, addresses or anything about a
// person.
using Labels = std::vector<std::pair<std::string, std::string>>;

// Handles are cheap to copy, thread-safe, and valid as long as the Metrics they come from.
class Counter {
 public:
  explicit Counter(prometheus::Counter* series) : series_(series) {}
  // `amount` >= 0.
  void Add(double amount = 1) const;
  double value() const;

 private:
  prometheus::Counter* series_;
};

class Gauge {
 public:
  explicit Gauge(prometheus::Gauge* series) : series_(series) {}
  // A value that is not known now is NaN: a series that stays at its last value looks like calm.
  void Set(double value) const;
  void Add(double amount) const;
  double value() const;

 private:
  prometheus::Gauge* series_;
};

class Histogram {
 public:
  explicit Histogram(prometheus::Histogram* series) : series_(series) {}
  void Observe(double value) const;

 private:
  prometheus::Histogram* series_;
};

// Upper bounds in seconds, 0.5 ms to 10 s: for calls and steps.
const std::vector<double>& LatencyBuckets();

// The metrics of a process. Thread-safe; handles are to be kept, since looking one up takes a lock.
//
// The first use of a name fixes its kind, help and label names; another use that differs in kind or label
// names is a programming error and ends the process. A name has at most kMaxSeries combinations of label
// values: those beyond share one series whose label values are all "other", and
// finalmile_metrics_overflow_total{metric} counts them; it stands there from the first use of a name with
// labels.
class Metrics {
 public:
  static constexpr size_t kMaxSeries = 1000;

  Metrics();
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  telemetry::Counter Counter(std::string_view name, std::string_view help, const Labels& labels = {});
  telemetry::Gauge Gauge(std::string_view name, std::string_view help, const Labels& labels = {});
  // `buckets`: ascending upper bounds; those of the first use of the name hold.
  telemetry::Histogram Histogram(std::string_view name, std::string_view help,
                                 const std::vector<double>& buckets, const Labels& labels = {});

  // While the result lives, `update` is called before each Serialize, for gauges of what is known at any
  // time: quick, and it calls neither this nor Serialize. Destroying the result waits for a running update.
  // The result must not outlive the metrics.
  [[nodiscard]] std::shared_ptr<void> BeforeEach(std::function<void()> update);

  // All series in Prometheus's text format 0.0.4, with those of the process itself (process_…).
  std::string Serialize() const;

 private:
  struct Impl;
  const std::unique_ptr<Impl> impl_;
};

}  // namespace finalmile::telemetry
