#pragma once

#include <sys/mount.h>

#include <cstdlib>
#include <filesystem>
#include <string>

namespace finalmile::faults {

// A folder of a test's own, gone with it.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    path_ = (std::filesystem::temp_directory_path() / "finalmile-faults-XXXXXX").string();
    if (mkdtemp(path_.data()) == nullptr) path_.clear();
  }
  ~TemporaryFolder() {
    if (mounted_) umount2(path_.c_str(), MNT_DETACH);
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::string& path() const { return path_; }

  // Puts the folder on a disk of its own, of a size such as "2m", or changes its size. False: only root may.
  bool Mount(const std::string& size) {
    const unsigned long flags = mounted_ ? MS_REMOUNT : 0;
    if (mount("tmpfs", path_.c_str(), "tmpfs", flags, ("size=" + size).c_str()) != 0) return false;
    return mounted_ = true;
  }

 private:
  std::string path_;
  bool mounted_ = false;
};

}  // namespace finalmile::faults
