#pragma once

#include <sys/mount.h>

#include <string>

#include "libs/testing/temporary_folder.h"

namespace finalmile::faults {

// A folder that can be put on a disk of its own.
class SmallDisk {
 public:
  SmallDisk() = default;
  ~SmallDisk() {
    if (mounted_) umount2(path().c_str(), MNT_DETACH);
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;

  const std::string& path() const { return folder_.path(); }

  // Puts the folder on a disk of a size such as "2m", or changes its size. False: only root may.
  bool Mount(const std::string& size) {
    const unsigned long flags = mounted_ ? MS_REMOUNT : 0;
    if (mount("tmpfs", path().c_str(), "tmpfs", flags, ("size=" + size).c_str()) != 0) return false;
    return mounted_ = true;
  }

 private:
  const testing::TemporaryFolder folder_;
  bool mounted_ = false;
};

}  // namespace finalmile::faults
