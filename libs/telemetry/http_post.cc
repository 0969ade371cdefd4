#include "libs/telemetry/http_post.h"

#include <fmt/format.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <optional>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "libs/base/status.h"

namespace finalmile::telemetry {
namespace {

constexpr std::string_view kScheme = "http://";

absl::string_view Abseil(std::string_view text) { return {text.data(), text.size()}; }

class Connection {
 public:
  Connection(const Clock& clock, absl::Duration deadline) : clock_(clock), deadline_(deadline) {}
  ~Connection() {
    if (fd_ >= 0) close(fd_);
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  absl::Status Open(const HttpTarget& target) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    const int unknown = getaddrinfo(target.host.c_str(), std::to_string(target.port).c_str(), &hints, &found);
    if (unknown != 0)
      return absl::UnavailableError(fmt::format("{}: {}", target.host, gai_strerror(unknown)));
    const std::unique_ptr<addrinfo, void (*)(addrinfo*)> addresses(found, &freeaddrinfo);
    absl::Status status;
    for (const addrinfo* address = found; address != nullptr; address = address->ai_next) {
      status = Connect(*address);
      if (status.ok() || absl::IsDeadlineExceeded(status)) break;
    }
    return status;
  }

  absl::Status Send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent >= 0) {
        bytes.remove_prefix(static_cast<size_t>(sent));
      } else if (errno == EAGAIN) {
        RETURN_IF_ERROR(Await(POLLOUT, "sending"));
      } else if (errno != EINTR) {
        return Failed("sending");
      }
    }
    return absl::OkStatus();
  }

  // Reads until `whole` says that it is all, until the other side ends, or until there is too much.
  template <class Whole>
  absl::StatusOr<std::string> Receive(const Whole& whole) {
    std::string text;
    char part[4096];
    while (text.size() < kReplyBytes && !whole(text)) {
      const ssize_t size = recv(fd_, part, sizeof part, 0);
      if (size > 0) {
        text.append(part, static_cast<size_t>(size));
      } else if (size == 0) {
        break;
      } else if (errno == EAGAIN) {
        RETURN_IF_ERROR(Await(POLLIN, "waiting for the answer"));
      } else if (errno != EINTR) {
        return Failed("waiting for the answer");
      }
    }
    return text;
  }

 private:
  absl::Status Connect(const addrinfo& address) {
    if (fd_ >= 0) close(fd_);
    fd_ = socket(address.ai_family, address.ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, address.ai_protocol);
    if (fd_ < 0) return Failed("connecting");
    if (connect(fd_, address.ai_addr, address.ai_addrlen) == 0) return absl::OkStatus();
    if (errno != EINPROGRESS) return Failed("connecting");
    RETURN_IF_ERROR(Await(POLLOUT, "connecting"));
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &size);
    errno = error;
    return error == 0 ? absl::OkStatus() : Failed("connecting");
  }

  absl::Status Await(short events, std::string_view doing) {
    pollfd watched{fd_, events, 0};
    while (true) {
      const absl::Duration left = deadline_ - clock_.Steady();
      if (left <= absl::ZeroDuration())
        return absl::DeadlineExceededError(fmt::format("{} took too long", doing));
      const int ready = poll(&watched, 1, static_cast<int>(absl::ToInt64Milliseconds(left) + 1));
      if (ready > 0) return absl::OkStatus();
      if (ready < 0 && errno != EINTR) return Failed(doing);
    }
  }

  static absl::Status Failed(std::string_view doing) {
    return absl::UnavailableError(fmt::format("{}: {}", doing, std::strerror(errno)));
  }

  const Clock& clock_;
  const absl::Duration deadline_;
  int fd_ = -1;
};

size_t HeadOf(std::string_view text) {
  const size_t end = text.find("\r\n\r\n");
  return end == std::string_view::npos ? end : end + 4;
}

// The length of the body; nullopt where the header lines do not give it.
std::optional<size_t> LengthIn(std::string_view head) {
  const std::string lower = absl::AsciiStrToLower(Abseil(head));
  constexpr std::string_view kName = "\r\ncontent-length:";
  const size_t at = lower.find(kName);
  if (at == std::string::npos) return std::nullopt;
  const size_t begin = at + kName.size();
  size_t length = 0;
  if (!absl::SimpleAtoi(lower.substr(begin, lower.find('\r', begin) - begin), &length)) return std::nullopt;
  return length;
}

// Connections that the other side keeps open are not waited for.
bool IsWhole(const std::string& text) {
  const size_t head = HeadOf(text);
  if (head == std::string::npos) return false;
  const std::optional<size_t> length = LengthIn(std::string_view(text).substr(0, head));
  return length ? text.size() - head >= *length : text.ends_with("\r\n0\r\n\r\n");
}

}  // namespace

absl::StatusOr<HttpTarget> ParseHttpTarget(std::string_view url) {
  if (url.starts_with("https://")) {
    return absl::InvalidArgumentError(
        "https is not spoken here: send to a collector on this machine or in this cluster by http://, which "
        "may pass spans on by https");
  }
  const auto refuse = [&] {
    return absl::InvalidArgumentError(
        fmt::format("\"{}\" must be http://host:port or http://host:port/path", url));
  };
  if (!url.starts_with(kScheme)) return refuse();
  std::string_view rest = url.substr(kScheme.size());
  HttpTarget target;
  const size_t slash = std::min(rest.find('/'), rest.size());
  target.path = slash == rest.size() ? "/" : rest.substr(slash);
  rest = rest.substr(0, slash);
  const bool bracketed = rest.starts_with('[') && rest.find(']') != std::string_view::npos;
  const size_t host = bracketed ? rest.find(']') + 1 : std::min(rest.find(':'), rest.size());
  target.host = bracketed ? rest.substr(1, host - 2) : rest.substr(0, host);
  rest.remove_prefix(host);
  const bool odd =
      std::any_of(url.begin(), url.end(), [](char c) { return c <= 0x20 || c == 0x7f || c == '@'; });
  if (target.host.empty() || odd) return refuse();
  if (rest.empty()) return target;
  if (!rest.starts_with(':') || !absl::SimpleAtoi(Abseil(rest.substr(1)), &target.port) || target.port < 1 ||
      target.port > 65'535) {
    return refuse();
  }
  return target;
}

absl::StatusOr<HttpReply> HttpPost(const HttpTarget& target, std::string_view type, std::string_view body,
                                   const Clock& clock, absl::Duration deadline) {
  Connection connection(clock, deadline);
  RETURN_IF_ERROR(connection.Open(target));
  const bool v6 = target.host.find(':') != std::string::npos;
  RETURN_IF_ERROR(connection.Send(
      fmt::format("POST {} HTTP/1.1\r\nHost: {}{}{}:{}\r\nUser-Agent: finalmile\r\nContent-Type: {}\r\n"
                  "Content-Length: {}\r\nConnection: close\r\n\r\n",
                  target.path, v6 ? "[" : "", target.host, v6 ? "]" : "", target.port, type, body.size())));
  RETURN_IF_ERROR(connection.Send(body));
  ASSIGN_OR_RETURN(const std::string text, connection.Receive(IsWhole));
  HttpReply reply;
  constexpr std::string_view kVersion = "HTTP/1.";
  const size_t head = HeadOf(text);
  if (head == std::string::npos || !text.starts_with(kVersion) ||
      !absl::SimpleAtoi(text.substr(kVersion.size() + 2, 3), &reply.status)) {
    return absl::UnavailableError("what answers does not speak HTTP/1.1");
  }
  reply.body = text.substr(head);
  return reply;
}

}  // namespace finalmile::telemetry
