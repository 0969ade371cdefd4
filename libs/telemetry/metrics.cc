#include "libs/telemetry/metrics.h"

#include <fmt/format.h>
#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <cstdio>
#include <cstdlib>
#include <list>
#include <map>
#include <mutex>
#include <set>
#include <sstream>
#include <variant>

#include "libs/telemetry/process_metrics.h"

namespace finalmile::telemetry {
namespace {

using SeriesLabels = std::map<std::string, std::string>;

struct Named {
  std::variant<prometheus::Family<prometheus::Counter>*, prometheus::Family<prometheus::Gauge>*,
               prometheus::Family<prometheus::Histogram>*>
      family;
  std::set<std::string> label_names;
  std::set<SeriesLabels> series;
  std::vector<double> buckets;
};

std::set<std::string> NamesOf(const SeriesLabels& labels) {
  std::set<std::string> names;
  for (const auto& [name, value] : labels) names.insert(name);
  return names;
}

[[noreturn]] void Wrong(std::string_view name, std::string_view what) {
  fmt::print(stderr, "metrics: {} {}\n", name, what);
  std::abort();
}

}  // namespace

void Counter::Add(double amount) const { series_->Increment(amount); }
double Counter::value() const { return series_->Value(); }
void Gauge::Set(double value) const { series_->Set(value); }
void Gauge::Add(double amount) const { series_->Increment(amount); }
double Gauge::value() const { return series_->Value(); }
void Histogram::Observe(double value) const { series_->Observe(value); }

const std::vector<double>& LatencyBuckets() {
  static const std::vector<double> kBuckets = {0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05,
                                               0.1,    0.25,  0.5,    1,     2.5,  5,     10};
  return kBuckets;
}

struct Metrics::Impl {
  // The place of a series: its family, and its labels or, beyond the bound, those of "other".
  template <typename T, typename Build>
  std::pair<Named&, SeriesLabels> Place(std::string_view name, std::string_view help, const Labels& labels,
                                        Build build) {
    SeriesLabels wanted(labels.begin(), labels.end());
    auto found = names.find(name);
    if (found == names.end()) {
      prometheus::Family<T>& family =
          build().Name(std::string(name)).Help(std::string(help)).Register(registry);
      found = names.emplace(name, Named{&family, NamesOf(wanted), {}, {}}).first;
      if (!wanted.empty()) Overflow(name);
    }
    Named& named = found->second;
    if (!std::holds_alternative<prometheus::Family<T>*>(named.family))
      Wrong(name, "is already of another kind");
    if (NamesOf(wanted) != named.label_names) Wrong(name, "is used with other label names than before");
    if (!named.series.contains(wanted)) {
      if (named.series.size() >= kMaxSeries) {
        for (auto& [label, value] : wanted) value = "other";
        Overflow(name).Increment();
      } else {
        named.series.insert(wanted);
      }
    }
    return {named, std::move(wanted)};
  }

  prometheus::Counter& Overflow(std::string_view name) {
    return overflow.Add({{"metric", std::string(name)}});
  }

  template <typename T, typename Build>
  T* Series(std::string_view name, std::string_view help, const Labels& labels, Build build) {
    std::lock_guard lock(mutex);
    const auto& [named, place] = Place<T>(name, help, labels, build);
    return &std::get<prometheus::Family<T>*>(named.family)->Add(place);
  }

  std::mutex mutex;
  prometheus::Registry registry;
  std::map<std::string, Named, std::less<>> names;
  prometheus::Family<prometheus::Counter>& overflow =
      prometheus::BuildCounter()
          .Name("finalmile_metrics_overflow_total")
          .Help("Uses of label values beyond the bound of a metric.")
          .Register(registry);
  // Not `mutex`: an update may look up series.
  std::mutex updates_mutex;
  std::list<std::function<void()>> updates;
};

Metrics::Metrics() : impl_(std::make_unique<Impl>()) {}
Metrics::~Metrics() = default;

telemetry::Counter Metrics::Counter(std::string_view name, std::string_view help, const Labels& labels) {
  return telemetry::Counter(impl_->Series<prometheus::Counter>(name, help, labels, prometheus::BuildCounter));
}

telemetry::Gauge Metrics::Gauge(std::string_view name, std::string_view help, const Labels& labels) {
  return telemetry::Gauge(impl_->Series<prometheus::Gauge>(name, help, labels, prometheus::BuildGauge));
}

telemetry::Histogram Metrics::Histogram(std::string_view name, std::string_view help,
                                        const std::vector<double>& buckets, const Labels& labels) {
  std::lock_guard lock(impl_->mutex);
  auto [named, place] = impl_->Place<prometheus::Histogram>(name, help, labels, prometheus::BuildHistogram);
  if (named.buckets.empty()) named.buckets = buckets;
  return telemetry::Histogram(
      &std::get<prometheus::Family<prometheus::Histogram>*>(named.family)->Add(place, named.buckets));
}

std::shared_ptr<void> Metrics::BeforeEach(std::function<void()> update) {
  std::lock_guard lock(impl_->updates_mutex);
  const auto place = impl_->updates.insert(impl_->updates.end(), std::move(update));
  return std::shared_ptr<void>(nullptr, [impl = impl_.get(), place](void*) {
    std::lock_guard held(impl->updates_mutex);
    impl->updates.erase(place);
  });
}

std::string Metrics::Serialize() const {
  {
    std::lock_guard lock(impl_->updates_mutex);
    for (const auto& update : impl_->updates) update();
  }
  std::ostringstream out;
  prometheus::TextSerializer().Serialize(out, impl_->registry.Collect());
  return std::move(out).str() + ProcessMetrics();
}

}  // namespace finalmile::telemetry
