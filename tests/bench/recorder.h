#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "finalmile/leads/v1/lead_service.pb.h"

namespace finalmile::bench {

// A caller of RecordActivity, for which no thread waits. Thread-safe.
class Recorder {
 public:
  // On a thread of gRPC, with the answer's status.
  using Done = std::function<void(const absl::Status& status)>;

  explicit Recorder(const std::string& address);
  // After every call is done.
  ~Recorder();

  // Returns at once; a call without an answer fails after ten seconds.
  void Start(leads::v1::Activity activity, Done done);

 private:
  struct Stub;
  struct Call;

  // A process has few connections to one service, and many calls on each.
  std::vector<std::unique_ptr<Stub>> stubs_;
  std::atomic<size_t> next_ = 0;
};

}  // namespace finalmile::bench
