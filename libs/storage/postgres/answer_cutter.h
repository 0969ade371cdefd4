#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <thread>
#include <vector>

namespace finalmile::storage {

// For tests: passes TCP connections on to a port of 127.0.0.1 and, when told to, lets one more request
// through but cuts the connection instead of passing on the answer.
class AnswerCutter {
 public:
  explicit AnswerCutter(int target)
      : target_(target), listener_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address = Loopback(0);
    socklen_t size = sizeof address;
    if (bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 || listen(listener_, 16) != 0 ||
        getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
      abort();
    }
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { Serve(); });
  }
  ~AnswerCutter() {
    stop_ = true;
    thread_.join();
    close(listener_);
  }

  int port() const { return port_; }
  // The next request of any connection, that is whatever a client sends next, loses its answer.
  void CutNextAnswer() { cut_ = true; }

 private:
  struct Link {
    int client;
    int server;
    bool cutting = false;
  };

  static sockaddr_in Loopback(int port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
  }

  void Accept() {
    const int client = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    const int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const sockaddr_in address = Loopback(target_);
    if (connect(server, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) abort();
    links_.push_back({client, server});
  }

  // False: the link is to be closed.
  bool Forward(Link& link, bool from_client) {
    char buffer[65536];
    const ssize_t size = read(from_client ? link.client : link.server, buffer, sizeof buffer);
    if (size <= 0 || (!from_client && link.cutting)) return false;
    if (from_client && cut_.exchange(false)) link.cutting = true;
    return send(from_client ? link.server : link.client, buffer, static_cast<size_t>(size), MSG_NOSIGNAL) ==
           size;
  }

  void Serve() {
    while (!stop_) {
      std::vector<pollfd> files = {{listener_, POLLIN, 0}};
      for (const Link& link : links_) {
        files.push_back({link.client, POLLIN, 0});
        files.push_back({link.server, POLLIN, 0});
      }
      if (poll(files.data(), files.size(), 20) <= 0) continue;
      std::vector<Link> kept;
      for (size_t i = 0; i < links_.size(); ++i) {
        bool open = true;
        if (files[1 + 2 * i].revents != 0) open = Forward(links_[i], true);
        if (open && files[2 + 2 * i].revents != 0) open = Forward(links_[i], false);
        if (open) {
          kept.push_back(links_[i]);
        } else {
          close(links_[i].client);
          close(links_[i].server);
        }
      }
      links_ = std::move(kept);
      if (files[0].revents != 0) Accept();
    }
    for (const Link& link : links_) {
      close(link.client);
      close(link.server);
    }
  }

  const int target_;
  const int listener_;
  int port_ = 0;
  std::atomic<bool> stop_{false};
  std::atomic<bool> cut_{false};
  std::vector<Link> links_;
  std::thread thread_;
};

}  // namespace finalmile::storage
