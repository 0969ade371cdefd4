#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/base/clock.h"

namespace finalmile::testing {

// A TCP proxy on a free port of the loopback that breaks what passes through it: for tests of what clients do
// when a network fails. One thread of its own, in real time. Thread-safe.
class FaultProxy {
 public:
  enum class Direction { kToServer, kToClient };

  // Where a connection is cut. Once, on the first connection that gets there.
  struct CutPoint {
    Direction direction = Direction::kToServer;
    // So many bytes have passed in that direction, and then these bytes come; empty: no matter which.
    int64_t after_bytes = 0;
    std::string pattern = {};
    // Whether what was read together with the pattern still passes; the answer to it never does.
    bool forward = true;
  };

  // `target` is "IPv4:port" or "unix:PATH", asked for each connection. `clock` must outlive the proxy.
  static absl::StatusOr<std::unique_ptr<FaultProxy>> Start(const std::string& target, Clock& clock);
  // Closes every connection.
  ~FaultProxy();
  FaultProxy(const FaultProxy&) = delete;
  FaultProxy& operator=(const FaultProxy&) = delete;

  int port() const { return port_; }

  // Closes every open connection; later ones are served.
  void Cut();
  // From now on new connections are closed at once (true) or served (false).
  void Refuse(bool refuse);
  // Nothing passes (true), though connections stay open as half-open TCP does, or all goes on (false).
  void Freeze(bool freeze);
  // The same for those connections alone, open or new, whose client has sent `pattern` among its first 1,024
  // bytes; empty: they go on.
  void FreezeThose(std::string pattern);
  // Each piece arrives so much later.
  void Delay(absl::Duration delay);
  void CutAt(CutPoint point);

  // Connections accepted, and those that CutAt has cut.
  int64_t connections() const { return connections_; }
  int64_t cuts() const { return cuts_; }

 private:
  struct Flow;
  struct Link;

  FaultProxy(std::string target, Clock& clock, int listener, int port);
  void Run();
  void Accept();
  bool Read(Flow& flow);
  bool Write(Flow& flow, absl::Duration now);
  void Wake();

  const std::string target_;
  Clock& clock_;
  const int listener_;
  const int port_;
  // Written to have the thread look again.
  int wake_[2] = {-1, -1};
  std::atomic<int64_t> connections_ = 0;
  std::atomic<int64_t> cuts_ = 0;
  // Guards the orders below; the links are the thread's own.
  std::mutex mutex_;
  bool stop_ = false;
  bool cut_all_ = false;
  bool refuse_ = false;
  bool frozen_ = false;
  std::string frozen_pattern_;
  absl::Duration delay_ = absl::ZeroDuration();
  std::optional<CutPoint> cut_at_;
  std::vector<std::unique_ptr<Link>> links_;
  std::thread thread_;
};

}  // namespace finalmile::testing
