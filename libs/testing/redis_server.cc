#include "libs/testing/redis_server.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <utility>

#include "libs/base/status.h"

namespace finalmile::testing {
namespace {

constexpr absl::Duration kStartLimit = absl::Seconds(20);
constexpr const char* kProgram = "/usr/bin/redis-server";

// A connected Unix socket, closed at the end.
class Socket {
 public:
  explicit Socket(const std::string& path) : file_(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
    const timeval limit{5, 0};
    setsockopt(file_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    connected_ = connect(file_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  }
  ~Socket() { close(file_); }

  bool Send(const std::string& text) const {
    return connected_ &&
           send(file_, text.data(), text.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(text.size());
  }
  // Reads until `unread_` holds so many bytes.
  bool Fill(size_t bytes) {
    char buffer[4096];
    while (unread_.size() < bytes) {
      const ssize_t got = recv(file_, buffer, sizeof buffer, 0);
      if (got <= 0) return false;
      unread_.append(buffer, static_cast<size_t>(got));
    }
    return true;
  }
  absl::StatusOr<std::string> Line() {
    size_t end;
    while ((end = unread_.find("\r\n")) == std::string::npos) {
      if (!Fill(unread_.size() + 1)) return absl::UnavailableError("Redis does not answer");
    }
    std::string line = unread_.substr(0, end);
    unread_.erase(0, end + 2);
    return line;
  }
  absl::StatusOr<std::string> Take(size_t bytes) {
    if (!Fill(bytes)) return absl::UnavailableError("Redis does not answer");
    return unread_.substr(0, bytes);
  }

 private:
  const int file_;
  bool connected_ = false;
  std::string unread_;
};

}  // namespace

RedisServer::RedisServer(std::string folder, int port)
    : clock_(NewSystemClock()), folder_(std::move(folder)), port_(port) {}

absl::StatusOr<std::unique_ptr<RedisServer>> RedisServer::Start() {
  if (access(kProgram, X_OK) != 0) {
    return absl::NotFoundError("Redis is not installed (Debian: apt-get install redis-server)");
  }
  // A socket's path has at most 107 characters.
  std::string folder = "/tmp/finalmile-redis-XXXXXX";
  if (mkdtemp(folder.data()) == nullptr) return absl::InternalError(fmt::format("cannot make {}", folder));
  std::unique_ptr<RedisServer> server(new RedisServer(folder, FreePort()));
  RETURN_IF_ERROR(server->Resume());
  return server;
}

RedisServer::~RedisServer() {
  process_.reset();
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

std::string RedisServer::url() const { return fmt::format("redis://127.0.0.1:{}", port_); }
std::string RedisServer::unix_url() const { return fmt::format("redis+unix:{}/socket", folder_); }

void RedisServer::Kill() { process_.reset(); }

absl::Status RedisServer::Resume() {
  ASSIGN_OR_RETURN(process_,
                   Process::Start({kProgram, "--port", std::to_string(port_), "--bind", "127.0.0.1",
                                   "--unixsocket", folder_ + "/socket", "--dir", folder_, "--logfile",
                                   folder_ + "/log", "--save", "", "--appendonly", "no"},
                                  folder_ + "/log"));
  const absl::Duration give_up = clock_->Steady() + kStartLimit;
  const auto pause = clock_->NewWaitEvent();
  while (Command({"PING"}).value_or("") != "PONG") {
    if (clock_->Steady() >= give_up) {
      return absl::DeadlineExceededError(fmt::format("Redis did not start; see {}/log", folder_));
    }
    pause->WaitUntil(clock_->Steady() + absl::Milliseconds(10));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> RedisServer::Command(const std::vector<std::string>& words) const {
  Socket socket(folder_ + "/socket");
  std::string text = fmt::format("*{}\r\n", words.size());
  for (const std::string& word : words) text += fmt::format("${}\r\n{}\r\n", word.size(), word);
  if (!socket.Send(text)) return absl::UnavailableError("Redis cannot be reached");
  auto read = socket.Line();
  if (!read.ok()) return read.status();
  const std::string& line = *read;
  if (line.empty()) return absl::DataLossError("Redis sent an empty line");
  if (line.starts_with('-')) return absl::InternalError(line.substr(1));
  if (line == "$-1") return "(nil)";
  if (line.starts_with('$')) return socket.Take(std::stoul(line.substr(1)));
  return line.substr(1);
}

absl::StatusOr<RedisServer*> SharedRedis() {
  static const absl::StatusOr<std::unique_ptr<RedisServer>> server = RedisServer::Start();
  if (!server.ok()) return server.status();
  return server->get();
}

bool RedisRequired() {
  const char* required = std::getenv("REQUIRE_REDIS");
  return required != nullptr && std::strcmp(required, "1") == 0;
}

}  // namespace finalmile::testing
