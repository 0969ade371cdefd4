#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "libs/base/clock.h"

namespace finalmile::telemetry {

struct HttpAnswer {
  int status = 200;
  std::string type = "text/plain; charset=utf-8";
  std::string body;
};

// The least of HTTP/1.1 that probes and scrapers need: GET of a path, one request for each connection, no
// body, no ranges. One thread serves all connections without waiting for any, so that slow or silent clients
// hold nobody up: at most kConnections are open, the oldest makes room for a new one, and each ends kPatience
// after it came. A request line with its headers has at most kRequestBytes.
class HttpPort {
 public:
  static constexpr int kConnections = 32;
  static constexpr size_t kRequestBytes = 8 << 10;
  static constexpr absl::Duration kPatience = absl::Seconds(5);

  // Answers the path without its query. Runs on the port's thread: quick.
  using Handler = std::function<HttpAnswer(std::string_view path)>;

  // Binds `host` (no brackets) and `port` (0: any free one) and serves. FAILED_PRECONDITION with the reason.
  static absl::StatusOr<std::unique_ptr<HttpPort>> Start(const std::string& host, int port, Handler handler);
  virtual ~HttpPort() = default;
  virtual int port() const = 0;
};

}  // namespace finalmile::telemetry
