#include "libs/telemetry/http_port.h"

#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <list>
#include <optional>
#include <thread>
#include <vector>

#include "libs/base/status.h"

namespace finalmile::telemetry {
namespace {

constexpr int kPauseMillis = 100;

std::string_view Reason(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 400:
      return "Bad Request";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 431:
      return "Request Header Fields Too Large";
    default:
      return "Service Unavailable";
  }
}

std::string Written(const HttpAnswer& answer, bool with_body) {
  return fmt::format(
      "HTTP/1.1 {} {}\r\nContent-Type: {}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{}",
      answer.status, Reason(answer.status), answer.type, answer.body.size(), with_body ? answer.body : "");
}

HttpAnswer Refusal(int status) { return {.status = status, .body = fmt::format("{}\n", Reason(status))}; }

class PollingPort final : public HttpPort {
 public:
  explicit PollingPort(Handler handler) : handler_(std::move(handler)), clock_(NewSystemClock()) {}

  ~PollingPort() override {
    if (thread_.joinable()) {
      eventfd_write(stop_, 1);
      thread_.join();
    }
    for (const Connection& connection : connections_) close(connection.fd);
    if (listener_ >= 0) close(listener_);
    if (stop_ >= 0) close(stop_);
  }

  absl::Status Start(const std::string& host, int port) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
    addrinfo* found = nullptr;
    if (getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found) != 0)
      return absl::FailedPreconditionError("the host is unknown");
    const std::unique_ptr<addrinfo, void (*)(addrinfo*)> address(found, &freeaddrinfo);
    listener_ = socket(found->ai_family, found->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    const int on = 1;
    // Not SO_REUSEPORT, with which two processes would share a port unawares.
    setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_storage bound{};
    socklen_t size = sizeof bound;
    stop_ = eventfd(0, EFD_CLOEXEC);
    if (listener_ < 0 || stop_ < 0 || bind(listener_, found->ai_addr, found->ai_addrlen) != 0 ||
        listen(listener_, kConnections) != 0 ||
        getsockname(listener_, reinterpret_cast<sockaddr*>(&bound), &size) != 0) {
      return absl::FailedPreconditionError(std::strerror(errno));
    }
    port_ = ntohs(bound.ss_family == AF_INET6 ? reinterpret_cast<sockaddr_in6&>(bound).sin6_port
                                              : reinterpret_cast<sockaddr_in&>(bound).sin_port);
    thread_ = std::thread([this] { Run(); });
    return absl::OkStatus();
  }

  int port() const override { return port_; }

 private:
  struct Connection {
    int fd = -1;
    absl::Duration until;
    std::string request;
    // What is left to be sent, once the request has been answered.
    std::optional<std::string> answer;
  };

  void Run() {
    std::vector<pollfd> watched;
    while (true) {
      watched.assign({{stop_, POLLIN, 0}, {listener_, POLLIN, 0}});
      for (const Connection& one : connections_)
        watched.push_back({one.fd, static_cast<short>(one.answer ? POLLOUT : POLLIN), 0});
      poll(watched.data(), watched.size(), Timeout());
      if (watched[0].revents != 0) return;
      auto one = connections_.begin();
      for (size_t i = 2; i < watched.size(); ++i) {
        const bool over = (watched[i].revents != 0 && Progress(*one)) || one->until <= clock_->Steady();
        if (over) close(one->fd);
        one = over ? connections_.erase(one) : std::next(one);
      }
      if (watched[1].revents != 0) Accept();
    }
  }

  // Milliseconds until the first connection is out of time; -1: there is none.
  int Timeout() const {
    if (connections_.empty()) return -1;
    const absl::Duration left = connections_.front().until - clock_->Steady();
    return static_cast<int>(std::max<int64_t>(0, absl::ToInt64Milliseconds(left) + 1));
  }

  void Accept() {
    const int fd = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    // The process may have no descriptor left: one is freed, and the next round tries again.
    const bool no_room = fd < 0 && errno != EAGAIN && errno != EINTR && errno != ECONNABORTED;
    if (no_room && connections_.empty()) {
      pollfd stop{stop_, POLLIN, 0};
      poll(&stop, 1, kPauseMillis);
    } else if (no_room || static_cast<int>(connections_.size()) >= kConnections) {
      close(connections_.front().fd);
      connections_.pop_front();
    }
    if (fd >= 0) connections_.push_back({fd, clock_->Steady() + kPatience, "", std::nullopt});
  }

  // True: the connection is over.
  bool Progress(Connection& one) {
    if (!one.answer && !Read(one)) return true;
    if (!one.answer) return false;
    const ssize_t sent = send(one.fd, one.answer->data(), one.answer->size(), MSG_NOSIGNAL);
    if (sent < 0) return errno != EAGAIN && errno != EINTR;
    one.answer->erase(0, static_cast<size_t>(sent));
    if (!one.answer->empty()) return false;
    // What was not read would make the system reset the connection before the client has the answer.
    shutdown(one.fd, SHUT_WR);
    return true;
  }

  // False: the client has gone. Sets the answer once the request is whole or refused.
  bool Read(Connection& one) {
    char part[2048];
    const ssize_t size = recv(one.fd, part, sizeof part, 0);
    if (size < 0) return errno == EAGAIN || errno == EINTR;
    if (size == 0) return false;
    one.request.append(part, static_cast<size_t>(size));
    if (one.request.find("\r\n\r\n") != std::string::npos) {
      one.answer = Answer(one.request);
    } else if (one.request.size() > kRequestBytes) {
      one.answer = Written(Refusal(431), true);
    }
    return true;
  }

  std::string Answer(std::string_view request) const {
    const std::string_view line = request.substr(0, request.find("\r\n"));
    const size_t space = line.find(' ');
    const std::string_view method = line.substr(0, space);
    std::string_view path = space == std::string_view::npos ? "" : line.substr(space + 1);
    path = path.substr(0, path.find_first_of(" ?"));
    if (!path.starts_with('/')) return Written(Refusal(400), true);
    if (method != "GET" && method != "HEAD") return Written(Refusal(405), true);
    return Written(handler_(path), method == "GET");
  }

  const Handler handler_;
  const std::unique_ptr<Clock> clock_;
  int listener_ = -1;
  int stop_ = -1;
  int port_ = 0;
  std::thread thread_;
  // The thread alone uses them; the oldest comes first.
  std::list<Connection> connections_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<HttpPort>> HttpPort::Start(const std::string& host, int port,
                                                          Handler handler) {
  auto polling = std::make_unique<PollingPort>(std::move(handler));
  RETURN_IF_ERROR(polling->Start(host, port));
  return polling;
}

}  // namespace finalmile::telemetry
