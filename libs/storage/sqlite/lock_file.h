#pragma once

#include <sys/types.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "libs/base/clock.h"

namespace finalmile::storage::sqlite {

// Keeps a second process out of an embedded store, and says where the first can be reached. The lock (flock)
// is on the store's file itself, so that a link to it, or the removal of what stands beside it, lets nobody
// in. PATH.lock beside the file, where PATH is free of symbolic links, holds one line "pid address" and is
// locked too. Not thread-safe. The destructor lets go; the files stay.
//
// SQLite locks the same file by fcntl, which does not meet flock on a local file system. But a process loses
// its fcntl locks on a file whenever it closes any descriptor of it; so no second descriptor is opened in the
// process that holds the store.
class LockFile {
 public:
  // Makes the store's file where it is absent, for its owner alone to read. FAILED_PRECONDITION: another
  // process, or this one, holds it (named with its address where that is known), or the folder cannot be
  // written; NOT_FOUND: there is no such folder. Waits at most 100 ms for a look by AddressOf to pass.
  static absl::StatusOr<std::unique_ptr<LockFile>> Take(const std::string& store, Clock& clock);
  // To be destroyed after the last connection to the store is closed.
  ~LockFile();
  LockFile(const LockFile&) = delete;
  LockFile& operator=(const LockFile&) = delete;

  // The store's file, free of symbolic links.
  const std::string& store() const { return store_; }

  absl::Status Advertise(std::string_view address);

  // The address that the holder of `store` advertises. NOT_FOUND: nobody holds it; UNAVAILABLE: the holder
  // has not advertised one yet, or holds the store under another name (a hard link), or PATH.lock was
  // removed.
  static absl::StatusOr<std::string> AddressOf(const std::string& store);

 private:
  // Which file it is, whatever it is called.
  using Identity = std::pair<dev_t, ino_t>;

  LockFile(std::string store, std::string path, int file)
      : store_(std::move(store)), path_(std::move(path)), file_(file) {}

  // Locks the store's own file.
  absl::Status TakeStore(Clock& clock);

  const std::string store_;
  const std::string path_;
  const int file_;
  int store_file_ = -1;
  Identity identity_;
};

}  // namespace finalmile::storage::sqlite
