#include <fmt/format.h>

#include <cstdlib>
#include <cstring>
#include <fstream>
#include <span>
#include <sstream>

#include "libs/base/status.h"
#include "tests/bench/rows.h"

namespace finalmile::bench {
namespace {

constexpr std::string_view kUsage =
    "Measures the speed rows of the design on a PostgreSQL, a Kafka and a Redis of its own, each beside its "
    "reference.\n\n"
    "usage: finalmile_bench [--peers] [--full] [--rows P1,P4,P5,P6,P7,P8,P9,P11,P12] [--pairs N] [--json "
    "FILE]\n\n"
    "  --peers    P4, P5 and P9 beside Kafka Streams and Lucene instead\n"
    "  --full     the sizes of the design and at least seven pairs; default: sizes that end in ten minutes\n"
    "  --rows     only these; P1 has P2 and P3 with it, P4 and P7 each their part of P10; naming P12 adds "
    "the "
    "clean build\n"
    "  --pairs    rounds of ours and reference after a warm-up; default: 5, with --full 7\n"
    "  --json     writes the table there too\n";

struct Row {
  std::string_view name;
  absl::Status (*measure)(World&, const Options&, Report&);
};

constexpr Row kRows[] = {{"P1", &MeasureHotAsset}, {"P4", &MeasureBacklog}, {"P5", &MeasureCrossing},
                         {"P6", &MeasureImport},   {"P7", &MeasureRecord},  {"P8", &MeasureTop},
                         {"P9", &MeasureSearch},   {"P11", &MeasureBooking}};
// In their place with --peers.
constexpr Row kPeerRows[] = {
    {"P4", &MeasurePeerBacklog}, {"P5", &MeasurePeerCrossing}, {"P9", &MeasurePeerSearch}};

struct Flags {
  Options options;
  bool peers = false;
  // Empty: all.
  std::set<std::string, std::less<>> rows;
  std::string json;
};

absl::StatusOr<Flags> Parse(int argc, char** argv) {
  Flags flags;
  bool pairs = false;
  for (int i = 1; i < argc; ++i) {
    const std::string_view flag = argv[i];
    if (flag == "--full") {
      flags.options.full = true;
      continue;
    }
    if (flag == "--peers") {
      flags.peers = true;
      continue;
    }
    if (i + 1 == argc)
      return absl::InvalidArgumentError(fmt::format("{} is unknown or lacks its value", flag));
    const std::string value = argv[++i];
    if (flag == "--json") {
      flags.json = value;
    } else if (flag == "--pairs") {
      flags.options.pairs = std::atoi(value.c_str());
      pairs = true;
      if (flags.options.pairs < 1)
        return absl::InvalidArgumentError("--pairs must be a number of at least 1");
    } else if (flag == "--rows") {
      std::stringstream list(value);
      for (std::string row; std::getline(list, row, ',');) {
        bool known = row == "P12";
        for (const Row& one : kRows) known = known || row == one.name;
        if (!known) return absl::InvalidArgumentError(fmt::format("--rows: there is no row {}", row));
        flags.rows.insert(row);
      }
    } else {
      return absl::InvalidArgumentError(fmt::format("{} is unknown", flag));
    }
  }
  if (flags.options.full && !pairs) flags.options.pairs = 7;
  return flags;
}

absl::Status Measure(const Flags& flags, Report& report) {
  auto wanted = [&](std::string_view row) { return flags.rows.empty() || flags.rows.contains(row); };
  if (!flags.peers && wanted("P12"))
    RETURN_IF_ERROR(MeasureBuild(flags.options.full || flags.rows.contains("P12"), report));
  std::unique_ptr<World> world;
  for (const Row& row : flags.peers ? std::span<const Row>(kPeerRows) : std::span<const Row>(kRows)) {
    if (!wanted(row.name)) continue;
    if (!world) {
      ASSIGN_OR_RETURN(world, World::Start());
    }
    fmt::print(stderr, "measuring {} …\n", row.name);
    if (absl::Status status = row.measure(*world, flags.options, report); !status.ok()) {
      return absl::Status(status.code(), fmt::format("{}: {}", row.name, std::string(status.message())));
    }
  }
  if (!world) return absl::OkStatus();
  report.Note(fmt::format(
      "{} sizes; {} pairs after a warm-up, ours and reference in turn. Service, and what references do in "
      "its "
      "place, on one core, the driver on another; PostgreSQL (fsync on, 1 GB of buffers) and "
      "Kafka (one node) wherever the system puts them.",
      flags.options.full ? "Full" : "Short", flags.options.pairs));
  return absl::OkStatus();
}

int Main(int argc, char** argv) {
  if (argc == 2 && std::strcmp(argv[1], "--help") == 0) {
    fmt::print("{}", kUsage);
    return 0;
  }
  const auto flags = Parse(argc, argv);
  if (!flags.ok()) {
    fmt::print(stderr, "finalmile_bench: {}\n\n{}", std::string(flags.status().message()), kUsage);
    return 2;
  }
  Report report;
  const absl::Status measured = Measure(*flags, report);
  fmt::print("{}", report.Table());
  if (!flags->json.empty()) {
    std::ofstream file(flags->json);
    file << report.Json();
    if (!file.flush()) {
      fmt::print(stderr, "finalmile_bench: cannot write {}\n", flags->json);
      return 1;
    }
  }
  if (measured.ok()) return 0;
  fmt::print(stderr, "finalmile_bench: {}\n", std::string(measured.message()));
  return 1;
}

}  // namespace
}  // namespace finalmile::bench

int main(int argc, char** argv) { return finalmile::bench::Main(argc, argv); }
