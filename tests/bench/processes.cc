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
  // Its own, and that of its children that have ended.
  double own = 0;
  double ended = 0;

  double seconds() const { return own + ended; }
};
using Processes = std::map<pid_t, Process>;

Processes AllProcesses() {
  const auto tick = static_cast<double>(sysconf(_SC_CLK_TCK));
  Processes processes;
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
      (field < 16 ? process.own : process.ended) += ticks / tick;
    }
  }
  return processes;
}

// Whether this process has started it, or one that did.
bool IsOurs(const Processes& processes, pid_t pid) {
  for (auto at = processes.find(pid); at != processes.end(); at = processes.find(at->second.parent)) {
    if (at->second.parent == getpid()) return true;
  }
  return false;
}

}  // namespace

CpuUsed CpuOf(pid_t program) {
  const Processes processes = AllProcesses();
  CpuUsed used;
  for (const auto& [pid, process] : processes) {
    if (pid == program) {
      used.program += process.seconds();
    } else if (process.name == "postgres" && IsOurs(processes, pid)) {
      used.postgres += process.seconds();
    } else if (process.name == "java" && IsOurs(processes, pid)) {
      used.broker += process.seconds();
    }
  }
  return used;
}

double StartedCpu() {
  const Processes processes = AllProcesses();
  double seconds = 0;
  for (const auto& [pid, process] : processes) {
    if (pid == getpid()) seconds += process.ended;
    if (IsOurs(processes, pid)) seconds += process.seconds();
  }
  return seconds;
}

CpuUsed CpuBeside(double program) {
  CpuUsed used = CpuOf(0);
  used.program = program;
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
