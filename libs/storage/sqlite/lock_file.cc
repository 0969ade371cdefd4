#include "libs/storage/sqlite/lock_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <mutex>
#include <set>
#include <utility>

#include "libs/base/status.h"

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

// The same, tried for 100 ms: a look at who holds it passes.
bool LockSoon(int file, Clock& clock) {
  const absl::Duration give_up = clock.Steady() + absl::Milliseconds(100);
  const auto pause = clock.NewWaitEvent();
  while (!TryLock(file, LOCK_EX)) {
    if (clock.Steady() >= give_up) return false;
    pause->WaitUntil(clock.Steady() + absl::Milliseconds(5));
  }
  return true;
}

// The path without symbolic links; as it is where the file is absent, or a link to nothing.
std::string Resolved(const std::string& path) {
  std::error_code error;
  const std::filesystem::path resolved = std::filesystem::weakly_canonical(path, error);
  return error ? path : resolved.string();
}

// Whether a process holds the lock of a file; false where there is none.
absl::StatusOr<bool> IsHeld(const std::string& path) {
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return errno == ENOENT ? absl::StatusOr<bool>(false) : CannotOpen(path, errno);
  const bool held = !TryLock(file, LOCK_SH);
  close(file);
  return held;
}

absl::Status HeldUnderAnotherName(const std::string& store) {
  return absl::FailedPreconditionError(
      fmt::format("{} is held by a process that opened it under another name, or whose {}.lock was removed; "
                  "one process at "
                  "a time may open an embedded store: stop that one first",
                  store, store));
}

// The stores that this process holds: no second descriptor of one may be opened, and so none closed.
std::mutex held_mutex;
std::set<std::pair<dev_t, ino_t>>& Held() {
  static auto* const held = new std::set<std::pair<dev_t, ino_t>>();
  return *held;
}

}  // namespace

absl::StatusOr<std::unique_ptr<LockFile>> LockFile::Take(const std::string& store, Clock& clock) {
  const std::string resolved = Resolved(store);
  const std::string path = resolved + ".lock";
  const int file = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0) return CannotOpen(path, errno);
  if (!LockSoon(file, clock)) {
    const auto [pid, address] = Read(file);
    close(file);
    return absl::FailedPreconditionError(
        fmt::format("{} is held by process {}{}; one process at a time may open an embedded store", path, pid,
                    address.empty() ? "" : ", which answers at " + address));
  }
  std::unique_ptr<LockFile> lock(new LockFile(resolved, path, file));
  RETURN_IF_ERROR(lock->TakeStore(clock));
  RETURN_IF_ERROR(lock->Advertise(""));
  return lock;
}

absl::Status LockFile::TakeStore(Clock& clock) {
  std::lock_guard guard(held_mutex);
  struct stat status;
  if (stat(store_.c_str(), &status) == 0 && Held().contains({status.st_dev, status.st_ino}))
    return HeldUnderAnotherName(store_);
  // Made here so that it is the owner's alone: it holds personal data. SQLite gives its log the same mode.
  const int file = open(store_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0) return CannotOpen(store_, errno);
  if (fstat(file, &status) != 0 || !LockSoon(file, clock)) {
    close(file);
    return HeldUnderAnotherName(store_);
  }
  store_file_ = file;
  identity_ = {status.st_dev, status.st_ino};
  Held().insert(identity_);
  return absl::OkStatus();
}

LockFile::~LockFile() {
  if (store_file_ >= 0) {
    std::lock_guard guard(held_mutex);
    Held().erase(identity_);
    close(store_file_);
    // What cannot be emptied is only stale text: the lock itself says whether anybody holds the store.
    [[maybe_unused]] const int emptied = ftruncate(file_, 0);
  }
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

absl::StatusOr<std::string> LockFile::AddressOf(const std::string& store) {
  const std::string resolved = Resolved(store);
  const std::string path = resolved + ".lock";
  ASSIGN_OR_RETURN(const bool named, IsHeld(path));
  if (named) {
    const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0) return CannotOpen(path, errno);
    auto [pid, address] = Read(file);
    close(file);
    if (!address.empty()) return std::move(address);
    return absl::UnavailableError(
        fmt::format("process {} holds {} but does not say where it can be reached", pid, path));
  }
  {
    std::lock_guard guard(held_mutex);
    struct stat status;
    if (stat(resolved.c_str(), &status) == 0 && Held().contains({status.st_dev, status.st_ino}))
      return absl::UnavailableError(HeldUnderAnotherName(resolved).message());
  }
  ASSIGN_OR_RETURN(const bool held, IsHeld(resolved));
  if (held) return absl::UnavailableError(HeldUnderAnotherName(resolved).message());
  return absl::NotFoundError(fmt::format("nobody holds {}", path));
}

}  // namespace finalmile::storage::sqlite
