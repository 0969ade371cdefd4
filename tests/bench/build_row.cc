#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>

#include "libs/base/clock.h"
#include "libs/base/status.h"
#include "libs/testing/process.h"
#include "tests/bench/rows.h"

namespace finalmile::bench {
namespace {

constexpr std::string_view kHandler = "services/leads/CMakeFiles/leads.dir/handlers/lead_handlers.cc.o";

// Runs a command without the compiler cache; minutes.
absl::StatusOr<double> Minutes(Clock& clock, const std::string& command) {
  const absl::Duration start = clock.Steady();
  ASSIGN_OR_RETURN(
      auto process,
      testing::Process::Start({"/bin/sh", "-c", "CCACHE_DISABLE=1 " + command + " >/dev/null && echo"}, ""));
  if (!process->ReadLine().ok()) return absl::InternalError(fmt::format("failed: {}", command));
  return absl::ToDoubleMinutes(clock.Steady() - start);
}

}  // namespace

absl::Status MeasureBuild(bool clean, Report& report) {
  const auto clock = NewSystemClock();
  const std::string build = FINALMILE_BUILD_DIR;
  // Without its object, exactly this handler is compiled anew, and the program linked.
  if (std::filesystem::remove(fmt::format("{}/{}", build, kHandler))) {
    ASSIGN_OR_RETURN(double minutes,
                     Minutes(*clock, fmt::format("cmake --build '{}' -j 2 --target finalmile_leads", build)));
    report.Add("P12", "incremental build of one handler", minutes, "min", 0.5);
  } else {
    report.Note("P12: no incremental build was measured: " + build + " holds no compiled handler.");
  }
  if (!clean) {
    report.Note(
        "P12: the clean build was not run; `finalmile_bench --rows P12` does. `make test` prints its own "
        "time.");
    return absl::OkStatus();
  }
  std::string folder = (std::filesystem::temp_directory_path() / "finalmile-build-XXXXXX").string();
  if (mkdtemp(folder.data()) == nullptr)
    return absl::InternalError("cannot make a folder for the clean build");
  const auto minutes = Minutes(*clock, fmt::format("cd '{}' && cmake --preset release -B '{}' >/dev/null && "
                                                   "CCACHE_DISABLE=1 cmake --build '{}' -j 2",
                                                   FINALMILE_SOURCE_DIR, folder, folder));
  std::filesystem::remove_all(folder);
  RETURN_IF_ERROR(minutes.status());
  report.Add("P12", "clean build, everything, two jobs", *minutes, "min", 12);
  return absl::OkStatus();
}

}  // namespace finalmile::bench
