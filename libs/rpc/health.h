#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "libs/rpc/service.h"

namespace finalmile::rpc {

// grpc.health.v1.Health over our own calls, so that its streams are bounded and drained as all others are.
// Thread-safe.
class Health {
 public:
  // What it answers for each of `services` and for the server (""), NOT_SERVING at first.
  explicit Health(const std::vector<const Service*>& services);

  void SetServing(bool serving);

  // Lives as long as this object.
  const Service& service() const { return service_; }

 private:
  struct Watcher;

  Service service_;
  std::vector<std::string> names_;
  std::mutex mutex_;
  bool serving_ = false;
  std::vector<WaitEvent*> watchers_;
};

}  // namespace finalmile::rpc
