#include "tests/bench/processes.h"

#include <unistd.h>

#include <charconv>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <string>

namespace finalmile::bench {
namespace {

struct Process {
  std::string name;
  pid_t parent = 0;
  // Children that have ended included.
  double seconds = 0;
};

std::map<pid_t, Process> AllProcesses() {
  const auto tick = static_cast<double>(sysconf(_SC_CLK_TCK));
  std::map<pid_t, Process> processes;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const std::string number = entry.path().filename().string();
    pid_t pid = 0;
    if (std::from_chars(number.data(), number.data() + number.size(), pid).ptr !=
        number.data() + number.size())
      continue;
    // pid (name) state ppid …; the 14th to 17th field are the times. Nothing can be read of one that has
    // ended.
    std::ifstream file(entry.path() / "stat");
    const std::string stat((std::istreambuf_iterator<char>(file)), {});
    const size_t begin = stat.find('(');
    const size_t end = stat.rfind(')');
    if (end == std::string::npos) continue;
    Process& process = processes[pid];
    process.name = stat.substr(begin + 1, end - begin - 1);
    std::istringstream fields(stat.substr(end + 1));
    std::string skipped;
    fields >> skipped >> process.parent;
    for (int field = 5; field < 14; ++field) fields >> skipped;
    for (int field = 14; field <= 17; ++field) {
      double ticks = 0;
      fields >> ticks;
      process.seconds += ticks / tick;
    }
  }
  return processes;
}

}  // namespace

CpuUsed CpuOf(pid_t program) {
  const std::map<pid_t, Process> processes = AllProcesses();
  const auto is_ours = [&](pid_t pid) {
    for (auto at = processes.find(pid); at != processes.end(); at = processes.find(at->second.parent)) {
      if (at->first == getpid()) return true;
    }
    return false;
  };
  CpuUsed used;
  for (const auto& [pid, process] : processes) {
    if (pid == program) {
      used.program += process.seconds;
    } else if (process.name == "postgres" && is_ours(pid)) {
      used.postgres += process.seconds;
    } else if (process.name == "java" && is_ours(pid)) {
      used.broker += process.seconds;
    }
  }
  return used;
}

void AddCpu(const CpuUsed& before, const CpuUsed& after, double operations, Sample& sample) {
  const auto each = [&](double CpuUsed::*part) { return (after.*part - before.*part) * 1e6 / operations; };
  sample["cpu"] = each(&CpuUsed::program);
  sample["postgres"] = each(&CpuUsed::postgres);
  sample["broker"] = each(&CpuUsed::broker);
  sample["whole"] = sample["cpu"] + sample["postgres"] + sample["broker"];
}

double ResidentMib(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/statm");
  double size = 0;
  double resident = 0;
  file >> size >> resident;
  return resident * static_cast<double>(sysconf(_SC_PAGESIZE)) / (1 << 20);
}

}  // namespace finalmile::bench
