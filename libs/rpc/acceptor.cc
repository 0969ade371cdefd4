#include "libs/rpc/acceptor.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "fmt/format.h"
#include "libs/base/status.h"

namespace finalmile::rpc {
namespace {

constexpr int kPauseMillis = 100;

uint64_t CookieOf(int fd) {
  uint64_t cookie = 0;
  socklen_t size = sizeof(cookie);
  return getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &size) == 0 ? cookie : 0;
}

int PortOf(int fd) {
  sockaddr_storage address{};
  socklen_t size = sizeof(address);
  getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  return ntohs(address.ss_family == AF_INET6 ? reinterpret_cast<sockaddr_in6&>(address).sin6_port
                                             : reinterpret_cast<sockaddr_in&>(address).sin_port);
}

void SetPort(sockaddr& address, int port) {
  const in_port_t wire = htons(static_cast<uint16_t>(port));
  if (address.sa_family == AF_INET6) {
    reinterpret_cast<sockaddr_in6&>(address).sin6_port = wire;
  } else {
    reinterpret_cast<sockaddr_in&>(address).sin_port = wire;
  }
}

// For how long the other side may take nothing. gRPC's keepalive does not see it: its ping waits behind what
// cannot be written.
constexpr int kUnreadMillis = 40'000;

void Switch(int fd, int level, int option, int value) { setsockopt(fd, level, option, &value, sizeof value); }

}  // namespace

absl::StatusOr<std::unique_ptr<Acceptor>> Acceptor::Listen(const ListenAddress& address,
                                                           int max_connections) {
  std::unique_ptr<Acceptor> acceptor(new Acceptor(max_connections));
  RETURN_IF_ERROR(acceptor->Bind(address));
  return acceptor;
}

Acceptor::~Acceptor() { Stop(); }

absl::Status Acceptor::Bind(const ListenAddress& address) {
  const auto failed = [&](int error) {
    return absl::FailedPreconditionError(
        fmt::format("cannot listen on {}:{}: {}", address.host, address.port, std::strerror(error)));
  };
  ASSIGN_OR_RETURN(const Addresses addresses, Resolve(address.host, address.port));
  port_ = address.port;
  for (const addrinfo* info = addresses.get(); info != nullptr; info = info->ai_next) {
    const int fd =
        socket(info->ai_family, info->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, info->ai_protocol);
    // A machine without IPv6 has names for it all the same.
    if (fd < 0 && errno == EAFNOSUPPORT) continue;
    if (fd < 0) return failed(errno);
    listeners_.push_back(fd);
    // With SO_REUSEPORT two servers would share a port unawares.
    Switch(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    if (info->ai_family == AF_INET6) Switch(fd, IPPROTO_IPV6, IPV6_V6ONLY, addresses->ai_next != nullptr);
    SetPort(*info->ai_addr, port_);
    if (bind(fd, info->ai_addr, info->ai_addrlen) != 0 || listen(fd, SOMAXCONN) != 0) return failed(errno);
    if (port_ == 0) port_ = PortOf(fd);
  }
  if (listeners_.empty()) return failed(EAFNOSUPPORT);
  stop_ = eventfd(0, EFD_CLOEXEC);
  return stop_ < 0 ? failed(errno) : absl::OkStatus();
}

void Acceptor::Start(Take take) {
  take_ = std::move(take);
  thread_ = std::thread([this] { Run(); });
}

void Acceptor::Stop() {
  if (thread_.joinable()) {
    eventfd_write(stop_, 1);
    thread_.join();
  }
  for (const int fd : listeners_) close(fd);
  listeners_.clear();
  if (stop_ >= 0) close(std::exchange(stop_, -1));
}

absl::Status Acceptor::Check() const {
  std::lock_guard lock(mutex_);
  return error_;
}

void Acceptor::SetError(int error) {
  std::lock_guard lock(mutex_);
  error_ =
      error == 0
          ? absl::OkStatus()
          : absl::UnavailableError(fmt::format("no connection can be accepted: {}", std::strerror(error)));
}

void Acceptor::Run() {
  std::vector<pollfd> watched = {{stop_, POLLIN, 0}};
  for (const int fd : listeners_) watched.push_back({fd, POLLIN, 0});
  while (true) {
    // After an error a moment's pause, then another try, whether or not anybody still waits.
    const bool fine = Check().ok();
    if (!fine) poll(watched.data(), 1, kPauseMillis);
    if (poll(watched.data(), watched.size(), fine ? -1 : 0) < 0) continue;
    if (watched[0].revents != 0) return;
    for (size_t i = 1; i < watched.size(); ++i) {
      if (watched[i].revents != 0 || !fine) AcceptFrom(watched[i].fd);
    }
  }
}

void Acceptor::AcceptFrom(int listener) {
  const int fd = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
  if (fd < 0) {
    const bool fine = errno == EAGAIN || errno == EINTR || errno == ECONNABORTED;
    return SetError(fine ? 0 : errno);
  }
  SetError(0);
  if (Full()) {
    close(fd);
    return;
  }
  Switch(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  Switch(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, kUnreadMillis);
  connections_.push_back({fd, CookieOf(fd)});
  take_(listener, fd);
}

bool Acceptor::Full() {
  if (static_cast<int>(connections_.size()) < max_connections_) return false;
  std::erase_if(connections_, [](const Connection& one) { return CookieOf(one.fd) != one.cookie; });
  return static_cast<int>(connections_.size()) >= max_connections_;
}

}  // namespace finalmile::rpc
