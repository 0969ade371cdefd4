#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "libs/rpc/listen_address.h"

namespace finalmile::rpc {

// Listens for a server and accepts its connections on a thread of its own, so that a bound on them holds.
// gRPC's own listener has none, and ends for ever once the process has no file descriptor left. Thread-safe.
class Acceptor {
 public:
  // Given a connected, non-blocking socket, which it owns from then on, and the socket it was accepted from.
  using Take = std::function<void(int listener, int connection)>;

  // Binds every address that the host stands for; with port 0 all take the same free one. At most
  // `max_connections` are open at once: one beyond is closed as soon as it comes. FAILED_PRECONDITION names
  // the address and the cause (port in use, no right, not an address of this machine).
  static absl::StatusOr<std::unique_ptr<Acceptor>> Listen(const ListenAddress& address, int max_connections);
  // Stop().
  ~Acceptor();

  int port() const { return port_; }

  // Once.
  void Start(Take take);
  // Closes the listening sockets: whoever connects from now on is refused. Take is not running any more when
  // this returns.
  void Stop();

  // OK while connections are accepted or refused by the bound; UNAVAILABLE with the reason otherwise.
  absl::Status Check() const;

 private:
  struct Connection {
    int fd;
    // It names the socket, not the descriptor, which another socket may have by now.
    uint64_t cookie;
  };

  explicit Acceptor(int max_connections) : max_connections_(max_connections) {}
  absl::Status Bind(const ListenAddress& address);
  void Run();
  void AcceptFrom(int listener);
  // Forgets connections that were closed.
  bool Full();
  void SetError(int error);

  const int max_connections_;
  int port_ = 0;
  std::vector<int> listeners_;
  int stop_ = -1;
  Take take_;
  std::thread thread_;
  // The thread alone uses them.
  std::vector<Connection> connections_;

  mutable std::mutex mutex_;
  absl::Status error_;
};

}  // namespace finalmile::rpc
