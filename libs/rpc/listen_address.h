#pragma once

#include <netdb.h>

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace finalmile::rpc {

// Where a server listens.
struct ListenAddress {
  std::string host;
  // 0: a free one.
  int port = 0;
  // Whether every address that the host stands for is a loopback one.
  bool loopback = false;
};

// Reads "host:port" or "[v6]:port" and resolves the host. INVALID_ARGUMENT names what is wrong with the text.
absl::StatusOr<ListenAddress> ParseListenAddress(std::string_view text);

// The socket addresses that a host stands for; at least one. INVALID_ARGUMENT: an unknown host.
using Addresses = std::unique_ptr<addrinfo, void (*)(addrinfo*)>;
absl::StatusOr<Addresses> Resolve(const std::string& host, int port);

}  // namespace finalmile::rpc
