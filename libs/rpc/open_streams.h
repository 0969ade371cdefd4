#pragma once

#include <map>
#include <mutex>
#include <string>

#include "absl/status/status.h"

namespace finalmile::rpc {

// Counts the streams that are open, so that neither one caller nor all together hold more than the server can
// carry. Thread-safe.
class OpenStreams {
 public:
  OpenStreams(int most, int most_per_caller) : most_(most), most_per_caller_(most_per_caller) {}

  // OK: the stream is counted until Close. RESOURCE_EXHAUSTED / TOO_MANY_STREAMS names the limit that is
  // reached, the caller's own before that of all.
  absl::Status Open(const std::string& caller);
  void Close(const std::string& caller);

 private:
  const int most_;
  const int most_per_caller_;
  std::mutex mutex_;
  int open_ = 0;
  std::map<std::string, int> by_caller_;
};

}  // namespace finalmile::rpc
