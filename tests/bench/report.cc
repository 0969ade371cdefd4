#include "tests/bench/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "libs/base/status.h"

namespace finalmile::bench {
namespace {

Spread SpreadOf(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const size_t middle = values.size() / 2;
  const double median = values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
  return {median, values.front(), values.back()};
}

std::vector<double> Values(const Samples& samples, std::string_view metric) {
  std::vector<double> values;
  for (const Sample& sample : samples) values.push_back(sample.find(metric)->second);
  return values;
}

std::optional<double> Cpu(const Samples& samples) {
  if (!samples.front().contains("cpu")) return std::nullopt;
  return SpreadOf(Values(samples, "cpu")).median;
}

std::string Number(double value) {
  if (value >= 1000) return fmt::format("{:.0f}", value);
  return fmt::format("{:.3g}", value);
}

std::string Optional(const std::optional<double>& value) { return value ? Number(*value) : "-"; }

std::string Goal(const Comparison& comparison) {
  if (comparison.at_least) return fmt::format(">= {:g}", *comparison.at_least);
  if (comparison.at_most) return fmt::format("<= {:g}", *comparison.at_most);
  return "-";
}

nlohmann::json ToJson(const Spread& spread) {
  return {{"median", spread.median}, {"min", spread.min}, {"max", spread.max}};
}

}  // namespace

absl::StatusOr<std::vector<Samples>> Alternate(int rounds, const std::vector<Run>& runs) {
  std::vector<Samples> samples(runs.size());
  for (int round = -1; round < rounds; ++round) {
    for (size_t i = 0; i < runs.size(); ++i) {
      ASSIGN_OR_RETURN(Sample sample, runs[i]());
      if (round >= 0) samples[i].push_back(std::move(sample));
    }
  }
  return samples;
}

absl::Status WarmUp(int least, int most, const std::vector<Run>& runs) {
  double best = std::numeric_limits<double>::infinity();
  int as_before = 0;
  for (int round = 0; round < most && (round < least || as_before < 2); ++round) {
    double broker = 0;
    for (size_t i = 0; i < runs.size(); ++i) {
      ASSIGN_OR_RETURN(const Sample sample, runs[i]());
      if (i == 0) broker = sample.find("broker")->second;
    }
    as_before = broker > 0.95 * best ? as_before + 1 : 0;
    best = std::min(best, broker);
  }
  return absl::OkStatus();
}

double Percentile(std::vector<double> values, double share) {
  const auto rank = static_cast<size_t>(std::ceil(share * static_cast<double>(values.size())));
  const auto place = values.begin() + static_cast<ptrdiff_t>(std::max<size_t>(rank, 1) - 1);
  std::nth_element(values.begin(), place, values.end());
  return *place;
}

double Median(const Samples& samples, std::string_view metric) {
  return SpreadOf(Values(samples, metric)).median;
}

Sample Latencies(const std::vector<double>& values) {
  return {{"p50", Percentile(values, 0.5)}, {"p99", Percentile(values, 0.99)}};
}

void Report::Add(const Comparison& comparison, const Samples& ours, const Samples& reference) {
  Line line;
  line.comparison = comparison;
  line.rounds = static_cast<int>(ours.size());
  const std::vector<double> a = Values(ours, comparison.metric);
  const std::vector<double> b = Values(reference, comparison.metric);
  std::vector<double> ratios;
  for (size_t i = 0; i < a.size(); ++i) ratios.push_back(a[i] / b[i]);
  line.ratio = SpreadOf(ratios);
  line.ours = SpreadOf(a);
  line.reference = SpreadOf(b);
  line.cpu = Cpu(ours);
  line.reference_cpu = Cpu(reference);
  if (comparison.at_least) line.met = line.ratio->median >= *comparison.at_least;
  if (comparison.at_most) line.met = line.ratio->median <= *comparison.at_most;
  lines_.push_back(std::move(line));
}

void Report::AddWholeCpu(std::string_view row, std::string_view work, std::string_view reference,
                         const Samples& ours, const Samples& by_hand) {
  Add({.row = std::string(row),
       .work = std::string(work),
       .reference = std::string(reference),
       .metric = "whole",
       .unit = "µs"},
      ours, by_hand);
  const auto parts = [](const Samples& samples) {
    return fmt::format("{:.0f} + {:.0f} + {:.0f} µs", Median(samples, "cpu"), Median(samples, "postgres"),
                       Median(samples, "broker"));
  };
  Note(fmt::format("{}: CPU of program + PostgreSQL + broker an operation: {}; by hand {}.", row, parts(ours),
                   parts(by_hand)));
}

void Report::Add(std::string_view row, std::string_view work, double value, std::string_view unit,
                 std::optional<double> at_most) {
  Line line;
  line.comparison = {.row = std::string(row),
                     .work = std::string(work),
                     .reference = "",
                     .metric = "",
                     .unit = std::string(unit),
                     .at_most = at_most};
  line.rounds = 1;
  line.ours = {value, value, value};
  if (at_most) line.met = value <= *at_most;
  lines_.push_back(std::move(line));
}

std::string Report::Table() const {
  constexpr std::string_view kFormat =
      "{:<4} {:<46} {:>8} {:>15} {:>7} {:>5}  {:>9} {:>9} {:<7} {:>8} {:>8}\n";
  std::string table = fmt::format(kFormat, "row", "work", "ratio", "min to max", "goal", "met", "ours",
                                  "reference", "unit", "CPU", "ref. CPU");
  for (const Line& line : lines_) {
    const std::string met = line.met ? (*line.met ? "yes" : "NO") : "-";
    const std::string range =
        line.ratio ? fmt::format("{:.3g} to {:.3g}", line.ratio->min, line.ratio->max) : "-";
    table += fmt::format(kFormat, line.comparison.row, line.comparison.work,
                         line.ratio ? fmt::format("{:.3f}", line.ratio->median) : "-", range,
                         Goal(line.comparison), met, Number(line.ours.median),
                         line.reference ? Number(line.reference->median) : "-", line.comparison.unit,
                         Optional(line.cpu), Optional(line.reference_cpu));
    if (!line.comparison.reference.empty())
      table += fmt::format("     {} {}\n", "÷", line.comparison.reference);
  }
  table +=
      "\nratio: median over the pairs of ours ÷ reference; CPU: µs per operation, of the service or of the "
      "reference's program, servers left out where the work does not name them\n";
  for (const std::string& note : notes_) table += note + "\n";
  return table;
}

std::string Report::Json() const {
  nlohmann::json rows = nlohmann::json::array();
  for (const Line& line : lines_) {
    nlohmann::json row = {{"row", line.comparison.row},
                          {"work", line.comparison.work},
                          {"unit", line.comparison.unit},
                          {"pairs", line.rounds},
                          {"ours", ToJson(line.ours)}};
    if (line.ratio) {
      row["reference_work"] = line.comparison.reference;
      row["metric"] = line.comparison.metric;
      row["ratio"] = ToJson(*line.ratio);
      row["reference"] = ToJson(*line.reference);
    }
    if (line.cpu) row["cpu_us"] = *line.cpu;
    if (line.reference_cpu) row["reference_cpu_us"] = *line.reference_cpu;
    if (line.comparison.at_least) row["goal_at_least"] = *line.comparison.at_least;
    if (line.comparison.at_most) row["goal_at_most"] = *line.comparison.at_most;
    if (line.met) row["met"] = *line.met;
    rows.push_back(std::move(row));
  }
  return nlohmann::json{{"rows", rows}, {"notes", notes_}}.dump(2) + "\n";
}

}  // namespace finalmile::bench
