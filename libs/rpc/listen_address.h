#pragma once

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

// OK when a socket could be bound there a moment ago; FAILED_PRECONDITION names address and cause (port in
// use, no right, not an address of this machine). gRPC itself would say it on several lines of its own log.
absl::Status CheckFree(const ListenAddress& address);

}  // namespace finalmile::rpc
