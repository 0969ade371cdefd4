#include "libs/rpc/listen_address.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "absl/strings/numbers.h"
#include "fmt/format.h"
#include "libs/base/status.h"

namespace finalmile::rpc {
namespace {

bool IsLoopback(const sockaddr& address) {
  if (address.sa_family == AF_INET) {
    return (ntohl(reinterpret_cast<const sockaddr_in&>(address).sin_addr.s_addr) >> 24) == 127;
  }
  return address.sa_family == AF_INET6 &&
         IN6_IS_ADDR_LOOPBACK(&reinterpret_cast<const sockaddr_in6&>(address).sin6_addr);
}

}  // namespace

absl::StatusOr<Addresses> Resolve(const std::string& host, int port) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* list = nullptr;
  if (const int error = getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &list); error != 0) {
    return absl::InvalidArgumentError(fmt::format("cannot listen on {}: {}", host, gai_strerror(error)));
  }
  return Addresses(list, &freeaddrinfo);
}

absl::StatusOr<ListenAddress> ParseListenAddress(std::string_view text) {
  const auto wrong = [&] {
    return absl::InvalidArgumentError(
        fmt::format("'{}' is no address to listen on: expected host:port, such as 127.0.0.1:7000", text));
  };
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return wrong();
  std::string_view host = text.substr(0, colon);
  if (host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string_view::npos) {
    return wrong();
  }
  const std::string_view port_text = text.substr(colon + 1);
  ListenAddress address{.host = std::string(host), .port = 0, .loopback = true};
  const bool digits =
      !port_text.empty() && port_text.find_first_not_of("0123456789") == std::string_view::npos;
  if (!digits || !absl::SimpleAtoi(absl::string_view(port_text.data(), port_text.size()), &address.port) ||
      address.port > 65535) {
    return wrong();
  }
  ASSIGN_OR_RETURN(const Addresses addresses, Resolve(address.host, address.port));
  for (const addrinfo* info = addresses.get(); info != nullptr; info = info->ai_next) {
    address.loopback = address.loopback && IsLoopback(*info->ai_addr);
  }
  return address;
}

}  // namespace finalmile::rpc
