#include "libs/app/process_limits.h"

#include <malloc.h>
#include <sys/resource.h>

#include <algorithm>
#include <limits>
#include <thread>

namespace finalmile::app {
namespace {

constexpr int64_t kOwnFiles = 384;

}  // namespace

int64_t RaiseOpenFiles() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
  const rlimit raised{limit.rlim_max, limit.rlim_max};
  if (setrlimit(RLIMIT_NOFILE, &raised) == 0) limit = raised;
  return static_cast<int64_t>(
      std::min<rlim_t>(limit.rlim_cur, static_cast<rlim_t>(std::numeric_limits<int32_t>::max())));
}

int ConnectionsFor(int64_t open_files) {
  return static_cast<int>(
      std::clamp<int64_t>(open_files - kOwnFiles, 1, std::numeric_limits<int32_t>::max()));
}

absl::Duration MemoryReturn::Run() {
  if (mallinfo2().fordblks > kMuch) malloc_trim(0);
  return clock_.Steady() + absl::Seconds(5);
}

void BoundMalloc() {
  mallopt(M_ARENA_MAX, static_cast<int>(std::max(2u, std::thread::hardware_concurrency())));
  mallopt(M_MMAP_THRESHOLD, 256 << 10);
  // Once a threshold is set, glibc gives the end of a heap back at 128 KiB, after every larger call: each
  // page of it then comes back through a page fault.
  mallopt(M_TRIM_THRESHOLD, static_cast<int>(MemoryReturn::kMuch));
}

}  // namespace finalmile::app
