#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "libs/base/clock.h"

namespace finalmile::storage::sqlite {

// The file beside an embedded store that keeps a second process out (flock) and says where the first can be
// reached: one line "pid address". Not thread-safe. The destructor lets go; the file stays.
class LockFile {
 public:
  // FAILED_PRECONDITION: another process holds it (named with its address), or the folder cannot be written;
  // NOT_FOUND: there is no such folder. Waits at most 100 ms for a look by HolderOf to pass.
  static absl::StatusOr<std::unique_ptr<LockFile>> Take(const std::string& path, Clock& clock);
  ~LockFile();
  LockFile(const LockFile&) = delete;
  LockFile& operator=(const LockFile&) = delete;

  absl::Status Advertise(std::string_view address);

  // The address in the file. NOT_FOUND: nobody holds it; UNAVAILABLE: the holder has not advertised one yet.
  static absl::StatusOr<std::string> AddressOf(const std::string& path);

 private:
  LockFile(std::string path, int file) : path_(std::move(path)), file_(file) {}

  const std::string path_;
  const int file_;
};

}  // namespace finalmile::storage::sqlite
