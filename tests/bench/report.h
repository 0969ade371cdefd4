#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace finalmile::bench {

// What one run measured, by name: "rate" per second, "p50" and "p99" in ms, in µs per operation "cpu" (of the
// service or the reference's program) and "whole" (of PostgreSQL and the broker too).
using Sample = std::map<std::string, double, std::less<>>;
using Run = std::function<absl::StatusOr<Sample>()>;
using Samples = std::vector<Sample>;

// Warms a broker that has just started, and compiles its code for a minute or two under load: runs `runs` in
// turn until its CPU per operation, "broker" of the first one, has hardly fallen for two rounds; at least
// `least` and at most `most` rounds.
absl::Status WarmUp(int least, int most, const std::vector<Run>& runs);

// Runs each of `runs` in turn, `rounds` times, after one round that is dropped. The answer has the samples of
// each run.
absl::StatusOr<std::vector<Samples>> Alternate(int rounds, const std::vector<Run>& runs);

// The value below which `share` of `values` lie (nearest rank); `values` is not empty.
double Percentile(std::vector<double> values, double share);

// "p50" and "p99" of `values`.
Sample Latencies(const std::vector<double>& values);

struct Spread {
  double median = 0;
  double min = 0;
  double max = 0;
};

// The median of what the samples have by this name.
double Median(const Samples& samples, std::string_view metric);

// A comparison of two runs that alternated.
struct Comparison {
  std::string row;
  std::string work;
  std::string reference;
  // Which figure of the samples, and its unit.
  std::string metric;
  std::string unit;
  // Bounds of the ratio that are the goal; none: for information.
  std::optional<double> at_least = {};
  std::optional<double> at_most = {};
};

// The table of results. Not thread-safe.
class Report {
 public:
  // The ratio is ours ÷ reference, round by round.
  void Add(const Comparison& comparison, const Samples& ours, const Samples& reference);
  // The CPU of all processes, "whole", and a remark that has its parts.
  void AddWholeCpu(std::string_view row, std::string_view work, std::string_view reference,
                   const Samples& ours, const Samples& by_hand);
  // A figure without a reference; `at_most` is its goal.
  void Add(std::string_view row, std::string_view work, double value, std::string_view unit,
           std::optional<double> at_most);
  // A remark below the table: sizes, choices, what was not run.
  void Note(std::string note) { notes_.push_back(std::move(note)); }

  // For people.
  std::string Table() const;
  std::string Json() const;

 private:
  struct Line {
    Comparison comparison;
    int rounds = 0;
    std::optional<Spread> ratio;
    Spread ours;
    std::optional<Spread> reference;
    std::optional<double> cpu;
    std::optional<double> reference_cpu;
    std::optional<bool> met;
  };

  std::vector<Line> lines_;
  std::vector<std::string> notes_;
};

}  // namespace finalmile::bench
