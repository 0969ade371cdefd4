#include "libs/storage/sqlite/lock_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace finalmile::storage::sqlite {
namespace {

absl::Status CannotOpen(const std::string& path, int error) {
  if (error == ENOENT)
    return absl::NotFoundError(fmt::format("cannot make {}: its folder does not exist", path));
  const std::string message =
      fmt::format("cannot write {}: {}; the store needs a writable folder", path, strerror(error));
  return error == ENOSPC || error == EDQUOT ? absl::ResourceExhaustedError(message)
                                            : absl::FailedPreconditionError(message);
}

// "pid address"; the address is empty until it is advertised.
std::pair<std::string, std::string> Read(int file) {
  char buffer[512];
  const ssize_t size = pread(file, buffer, sizeof buffer, 0);
  std::string line(buffer, size > 0 ? static_cast<size_t>(size) : 0);
  line = line.substr(0, line.find('\n'));
  const size_t blank = line.find(' ');
  return {line.substr(0, blank), blank == std::string::npos ? "" : line.substr(blank + 1)};
}

bool TryLock(int file, int kind) {
  int result;
  do result = flock(file, kind | LOCK_NB);
  while (result != 0 && errno == EINTR);
  return result == 0;
}

}  // namespace

absl::StatusOr<std::unique_ptr<LockFile>> LockFile::Take(const std::string& path, Clock& clock) {
  const int file = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0) return CannotOpen(path, errno);
  const absl::Duration give_up = clock.Steady() + absl::Milliseconds(100);
  const auto pause = clock.NewEvent();
  while (!TryLock(file, LOCK_EX)) {
    if (clock.Steady() < give_up) {
      pause->WaitUntil(clock.Steady() + absl::Milliseconds(5));
      continue;
    }
    const auto [pid, address] = Read(file);
    close(file);
    return absl::FailedPreconditionError(
        fmt::format("{} is held by process {}{}; one process at a time may open an embedded store", path, pid,
                    address.empty() ? "" : ", which answers at " + address));
  }
  std::unique_ptr<LockFile> lock(new LockFile(path, file));
  if (absl::Status written = lock->Advertise(""); !written.ok()) return written;
  return lock;
}

LockFile::~LockFile() {
  // What cannot be emptied is only stale text: the lock itself says whether anybody holds the store.
  [[maybe_unused]] const int emptied = ftruncate(file_, 0);
  close(file_);
}

absl::Status LockFile::Advertise(std::string_view address) {
  if (address.find('\n') != std::string_view::npos)
    return absl::InvalidArgumentError("an address is one line");
  const std::string line = fmt::format("{} {}\n", getpid(), address);
  if (pwrite(file_, line.data(), line.size(), 0) != static_cast<ssize_t>(line.size()) ||
      ftruncate(file_, static_cast<off_t>(line.size())) != 0) {
    return CannotOpen(path_, errno);
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> LockFile::AddressOf(const std::string& path) {
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0 && errno != ENOENT) return CannotOpen(path, errno);
  if (file < 0 || TryLock(file, LOCK_SH)) {
    if (file >= 0) close(file);
    return absl::NotFoundError(fmt::format("nobody holds {}", path));
  }
  auto [pid, address] = Read(file);
  close(file);
  if (address.empty()) {
    return absl::UnavailableError(
        fmt::format("process {} holds {} but does not say where it can be reached", pid, path));
  }
  return std::move(address);
}

}  // namespace finalmile::storage::sqlite
