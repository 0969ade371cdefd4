#include "libs/telemetry/process_metrics.h"

#include <dirent.h>
#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <fstream>
#include <iterator>
#include <sstream>
#include <string_view>
#include <vector>

namespace finalmile::telemetry {
namespace {

// The fields of /proc/self/stat behind the program's name, the first of them being the third ("state").
std::vector<std::string> StatFields() {
  std::ifstream file("/proc/self/stat");
  std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  // The name may hold blanks and brackets.
  const size_t name_end = text.rfind(')');
  if (name_end == std::string::npos) return {};
  std::istringstream rest(text.substr(name_end + 1));
  return {std::istream_iterator<std::string>(rest), std::istream_iterator<std::string>()};
}

// Seconds since the epoch at which the machine started; 0: unknown.
double BootTime() {
  std::ifstream file("/proc/stat");
  for (std::string word; file >> word;) {
    double seconds = 0;
    if (word == "btime" && file >> seconds) return seconds;
  }
  return 0;
}

int OpenFiles() {
  DIR* folder = opendir("/proc/self/fd");
  if (folder == nullptr) return -1;
  int entries = 0;
  while (readdir(folder) != nullptr) ++entries;
  closedir(folder);
  // "." and "..", and the folder itself.
  return entries - 3;
}

void Append(std::string& text, std::string_view name, std::string_view kind, std::string_view help,
            double value) {
  text += fmt::format("# HELP {0} {1}\n# TYPE {0} {2}\n{0} {3}\n", name, help, kind, value);
}

}  // namespace

std::string ProcessMetrics() {
  std::string text;
  const std::vector<std::string> stat = StatFields();
  if (stat.size() >= 22) {
    const auto field = [&](size_t number) { return std::stod(stat[number - 3]); };
    const auto ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
    Append(text, "process_cpu_seconds_total", "counter", "Processor time in seconds, of users and system.",
           (field(14) + field(15)) / ticks);
    Append(text, "process_threads", "gauge", "Threads of the process.", field(20));
    Append(text, "process_start_time_seconds", "gauge", "Start of the process in seconds since the epoch.",
           BootTime() + field(22) / ticks);
    Append(text, "process_virtual_memory_bytes", "gauge", "Virtual memory in bytes.", field(23));
    Append(text, "process_resident_memory_bytes", "gauge", "Resident memory in bytes.",
           field(24) * static_cast<double>(sysconf(_SC_PAGESIZE)));
  }
  if (const int files = OpenFiles(); files >= 0)
    Append(text, "process_open_fds", "gauge", "Open file descriptors.", files);
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    Append(text, "process_max_fds", "gauge", "Most file descriptors that may be open.",
           static_cast<double>(limit.rlim_cur));
  }
  return text;
}

}  // namespace finalmile::telemetry
