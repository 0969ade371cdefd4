// Plays the worlds of this folder, each for a range of seeds; a seed decides everything that happens in a
// run.
//
//   simulation_test [--world NAME] [--first-seed S] [--seeds N] [--jobs J] [--trace]
//
// SIM_SEEDS sets N (300, under a sanitizer 60), SIM_SEED plays one seed alone. The exit code is 1 when an
// invariant is broken; the command that plays the seed again is printed with it. A terminal shows how far it
// is.

#include <fmt/format.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "tests/simulation/world.h"

namespace finalmile::simulation {
namespace {

struct NamedWorld {
  std::string_view name;
  World run;
};
constexpr NamedWorld kWorlds[] = {{"outbox", RunOutboxWorld},     {"leads", RunLeadsWorld},
                                  {"catalog", RunCatalogWorld},   {"appointments", RunAppointmentsWorld},
                                  {"meetings", RunMeetingsWorld}, {"coaching", RunCoachingWorld}};

// Every so many seeds one is played twice, to show that a seed is enough to replay a run.
constexpr uint64_t kReplayEvery = 50;
// Broken seeds after which a world is given up.
constexpr int kMostFailures = 5;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr uint64_t kSeeds = 60;
#else
constexpr uint64_t kSeeds = 300;
#endif

struct Arguments {
  std::string world = "all";
  uint64_t first = 1;
  uint64_t seeds = kSeeds;
  int jobs = 1;
  bool trace = false;
};

std::optional<uint64_t> Number(const char* text) {
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text, text + std::strlen(text), value);
  if (error != std::errc() || *end != '\0' || end == text) return std::nullopt;
  return value;
}

bool Parse(int argc, char** argv, Arguments& arguments) {
  if (const char* seeds = std::getenv("SIM_SEEDS"); seeds != nullptr && *seeds != '\0') {
    const auto number = Number(seeds);
    if (!number) return false;
    arguments.seeds = *number;
  }
  if (const char* seed = std::getenv("SIM_SEED"); seed != nullptr && *seed != '\0') {
    const auto number = Number(seed);
    if (!number) return false;
    arguments.first = *number;
    arguments.seeds = 1;
  }
  for (int i = 1; i < argc; ++i) {
    const std::string_view flag = argv[i];
    if (flag == "--trace") {
      arguments.trace = true;
      continue;
    }
    if (i + 1 == argc) return false;
    const char* value = argv[++i];
    const auto number = Number(value);
    if (flag == "--world") {
      arguments.world = value;
    } else if (flag == "--first-seed" && number) {
      arguments.first = *number;
    } else if (flag == "--seeds" && number) {
      arguments.seeds = *number;
    } else if (flag == "--jobs" && number && *number > 0) {
      arguments.jobs = static_cast<int>(*number);
    } else {
      return false;
    }
  }
  return true;
}

// The threads of a simulation run one at a time: on one core the baton changes hands fastest. Threads inherit
// it.
void PinTo(int job) {
  cpu_set_t allowed;
  if (sched_getaffinity(0, sizeof allowed, &allowed) != 0 || CPU_COUNT(&allowed) == 0) return;
  int skip = job % CPU_COUNT(&allowed);
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (!CPU_ISSET(cpu, &allowed) || skip-- > 0) continue;
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    sched_setaffinity(0, sizeof one, &one);
    return;
  }
}

// Returns the number of broken seeds.
int Play(const NamedWorld& world, const Arguments& arguments) {
  const std::unique_ptr<Clock> clock = NewSystemClock();
  const absl::Duration begin = clock->Steady();
  std::atomic<uint64_t> next = arguments.first;
  std::atomic<int> failures = 0;
  std::atomic<uint64_t> played = 0;
  std::atomic<int64_t> points = 0;
  std::atomic<int64_t> simulated_seconds = 0;
  std::mutex printing;
  std::atomic<int> running = arguments.jobs;
  const std::unique_ptr<WaitEvent> finished = clock->NewWaitEvent();
  const auto job = [&](int number) {
    PinTo(number);
    for (uint64_t seed; (seed = next++) < arguments.first + arguments.seeds && failures < kMostFailures;) {
      RunOptions options{.trace = arguments.trace, .replay = {}};
      options.replay = fmt::format("replay: simulation_test --world {} --first-seed {} --seeds 1 --trace",
                                   world.name, seed);
      Outcome outcome = world.run(seed, options);
      if (seed % kReplayEvery == 0) {
        const Outcome again = world.run(seed, options);
        if (again.trace_hash != outcome.trace_hash) {
          outcome.violations.push_back(
              fmt::format("a second run of the same seed went another way ({} and {} points)", outcome.points,
                          again.points));
        }
      }
      ++played;
      points += outcome.points;
      simulated_seconds += absl::ToInt64Seconds(outcome.simulated);
      if (outcome.violations.empty()) continue;
      ++failures;
      std::lock_guard lock(printing);
      fmt::print("world {}, seed {} is broken:\n", world.name, seed);
      for (const std::string& violation : outcome.violations) fmt::print("  {}\n", violation);
      fmt::print("  {}\n", options.replay);
    }
    if (--running == 0) finished->Set();
  };
  std::vector<std::thread> jobs;
  for (int i = 0; i < arguments.jobs; ++i) jobs.emplace_back(job, i);
  if (isatty(STDERR_FILENO) != 0) {
    while (!finished->WaitUntil(clock->Steady() + absl::Seconds(1))) {
      const double rate = static_cast<double>(played) / absl::ToDoubleSeconds(clock->Steady() - begin);
      const auto left = static_cast<double>(arguments.seeds - played);
      std::lock_guard lock(printing);
      fmt::print(stderr, "\r\x1b[Kworld {}: {} of {} seeds, {} broken, {:.1f} seeds/s, {} left\r", world.name,
                 played.load(), arguments.seeds, failures.load(), rate,
                 rate > 0 ? absl::FormatDuration(absl::Trunc(absl::Seconds(left / rate), absl::Seconds(1)))
                          : std::string("?"));
    }
    fmt::print(stderr, "\x1b[K");
  }
  for (std::thread& thread : jobs) thread.join();
  const double seconds = absl::ToDoubleSeconds(clock->Steady() - begin);
  fmt::print(
      "world {}: {} seeds, {} broken, {:.1f} seeds/s, {} scheduling points and {} simulated seconds a seed\n",
      world.name, played.load(), failures.load(), static_cast<double>(played) / seconds,
      points / static_cast<int64_t>(std::max<uint64_t>(played, 1)),
      simulated_seconds / static_cast<int64_t>(std::max<uint64_t>(played, 1)));
  return failures;
}

int Main(int argc, char** argv) {
  Arguments arguments;
  if (!Parse(argc, argv, arguments)) {
    fmt::print(stderr,
               "usage: simulation_test [--world NAME] [--first-seed S] [--seeds N] [--jobs J] [--trace]\n");
    return 2;
  }
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  int failures = 0;
  bool found = false;
  for (const NamedWorld& world : kWorlds) {
    if (arguments.world != "all" && arguments.world != world.name) continue;
    found = true;
    failures += Play(world, arguments);
  }
  if (!found) {
    fmt::print(stderr, "no world is named {}\n", arguments.world);
    return 2;
  }
  return failures == 0 ? 0 : 1;
}

}  // namespace
}  // namespace finalmile::simulation

int main(int argc, char** argv) { return finalmile::simulation::Main(argc, argv); }
