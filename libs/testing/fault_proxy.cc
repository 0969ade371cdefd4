#include "libs/testing/fault_proxy.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <deque>
#include <utility>

namespace finalmile::testing {
namespace {

// Held back in one direction before the sender has to wait.
constexpr size_t kMostHeld = 1 << 20;
// Remembered of what each client sent first.
constexpr size_t kHead = 1024;

absl::Status Failed(std::string_view what) {
  return absl::InternalError(fmt::format("fault proxy: {}: {}", what, strerror(errno)));
}

// A connected socket, or -1.
int Connect(const std::string& target) {
  sockaddr_storage address{};
  socklen_t size = 0;
  if (target.starts_with("unix:")) {
    auto& path = reinterpret_cast<sockaddr_un&>(address);
    path.sun_family = AF_UNIX;
    std::strncpy(path.sun_path, target.c_str() + 5, sizeof path.sun_path - 1);
    size = sizeof path;
  } else {
    auto& internet = reinterpret_cast<sockaddr_in&>(address);
    const size_t colon = target.rfind(':');
    uint16_t port = 0;
    std::from_chars(target.data() + colon + 1, target.data() + target.size(), port);
    internet.sin_family = AF_INET;
    internet.sin_port = htons(port);
    if (inet_pton(AF_INET, target.substr(0, colon).c_str(), &internet.sin_addr) != 1) return -1;
    size = sizeof internet;
  }
  const int socket = ::socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (socket >= 0 && connect(socket, reinterpret_cast<sockaddr*>(&address), size) == 0) return socket;
  if (socket >= 0) close(socket);
  return -1;
}

void Prepare(int socket) {
  const int yes = 1;
  setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  fcntl(socket, F_SETFL, fcntl(socket, F_GETFL) | O_NONBLOCK);
}

}  // namespace

// One direction of a connection.
struct FaultProxy::Flow {
  Direction direction;
  int from;
  int to;
  std::deque<std::pair<absl::Duration, std::string>> held = {};
  size_t held_bytes = 0;
  int64_t passed = 0;
  // The last bytes read, of which a pattern may be the end.
  std::string tail = {};
  std::string head = {};
  bool ended = false;
  bool end_told = false;
};

struct FaultProxy::Link {
  Link(int client, int server)
      : to_server{Direction::kToServer, client, server}, to_client{Direction::kToClient, server, client} {}
  ~Link() {
    if (!cut) close(to_server.from);
    close(to_server.to);
  }

  // The client is left at once. The server still gets what was on its way to it, and is heard out.
  void CutHere() {
    cut = true;
    to_server.ended = true;
    for (auto& [due, bytes] : to_server.held) due = absl::ZeroDuration();
    to_client.held.clear();
    to_client.held_bytes = 0;
    close(to_server.from);
  }

  Flow to_server;
  Flow to_client;
  bool cut = false;
};

absl::StatusOr<std::unique_ptr<FaultProxy>> FaultProxy::Start(const std::string& target, Clock& clock) {
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (listener < 0) return Failed("socket");
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (bind(listener, reinterpret_cast<sockaddr*>(&address), size) != 0 || listen(listener, 128) != 0 ||
      getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    absl::Status failed = Failed("listen");
    close(listener);
    return failed;
  }
  std::unique_ptr<FaultProxy> proxy(new FaultProxy(target, clock, listener, ntohs(address.sin_port)));
  if (pipe2(proxy->wake_, O_CLOEXEC | O_NONBLOCK) != 0) return Failed("pipe");
  proxy->thread_ = std::thread([proxy = proxy.get()] { proxy->Run(); });
  return proxy;
}

FaultProxy::FaultProxy(std::string target, Clock& clock, int listener, int port)
    : target_(std::move(target)), clock_(clock), listener_(listener), port_(port) {}

FaultProxy::~FaultProxy() {
  {
    std::lock_guard lock(mutex_);
    stop_ = true;
  }
  Wake();
  if (thread_.joinable()) thread_.join();
  links_.clear();
  close(listener_);
  for (const int end : wake_) {
    if (end >= 0) close(end);
  }
}

void FaultProxy::Wake() {
  // A full pipe wakes as well.
  [[maybe_unused]] const ssize_t written = write(wake_[1], "", 1);
}

void FaultProxy::Cut() {
  std::lock_guard lock(mutex_);
  cut_all_ = true;
  Wake();
}

void FaultProxy::Refuse(bool refuse) {
  std::lock_guard lock(mutex_);
  refuse_ = refuse;
}

void FaultProxy::Freeze(bool freeze) {
  std::lock_guard lock(mutex_);
  frozen_ = freeze;
  Wake();
}

void FaultProxy::FreezeThose(std::string pattern) {
  std::lock_guard lock(mutex_);
  frozen_pattern_ = std::move(pattern);
  Wake();
}

void FaultProxy::Delay(absl::Duration delay) {
  std::lock_guard lock(mutex_);
  delay_ = delay;
}

void FaultProxy::CutAt(CutPoint point) {
  std::lock_guard lock(mutex_);
  cut_at_ = std::move(point);
}

void FaultProxy::Run() {
  for (;;) {
    bool all_frozen = false;
    std::string pattern;
    {
      std::lock_guard lock(mutex_);
      if (stop_) return;
      if (std::exchange(cut_all_, false)) links_.clear();
      all_frozen = frozen_;
      pattern = frozen_pattern_;
    }
    std::vector<pollfd> polled = {{wake_[0], POLLIN, 0}, {listener_, POLLIN, 0}};
    absl::Duration next = absl::InfiniteDuration();
    const absl::Duration now = clock_.Steady();
    for (const auto& link : links_) {
      const bool frozen =
          all_frozen || (!pattern.empty() && link->to_server.head.find(pattern) != std::string::npos);
      for (Flow* flow : {&link->to_server, &link->to_client}) {
        // One entry each to read and to write, so that entries are found by position.
        const bool reads = !frozen && !flow->ended && flow->held_bytes < kMostHeld;
        const bool writes = !frozen && !flow->held.empty() && flow->held.front().first <= now;
        if (!frozen && !flow->held.empty() && !writes) next = std::min(next, flow->held.front().first);
        polled.push_back({reads ? flow->from : -1, POLLIN, 0});
        polled.push_back({writes ? flow->to : -1, POLLOUT, 0});
      }
    }
    const int timeout =
        next == absl::InfiniteDuration() ? -1 : static_cast<int>(absl::ToInt64Milliseconds(next - now)) + 1;
    if (poll(polled.data(), polled.size(), timeout) < 0 && errno != EINTR) return;
    char drained[64];
    while (read(wake_[0], drained, sizeof drained) > 0) {
    }
    size_t entry = 2;
    std::vector<const Link*> over;
    for (const auto& link : links_) {
      bool broken = false;
      for (Flow* flow : {&link->to_server, &link->to_client}) {
        const bool readable = polled[entry++].revents != 0;
        const bool writable = polled[entry++].revents != 0;
        if (readable && !Read(*flow)) link->CutHere();
        if (link->cut && flow == &link->to_client) flow->held.clear();
        if (writable && !flow->held.empty()) broken = !Write(*flow, clock_.Steady()) || broken;
        if (flow->ended && flow->held.empty() && !flow->end_told) {
          flow->end_told = true;
          if (!link->cut || flow == &link->to_server) shutdown(flow->to, SHUT_WR);
        }
      }
      if (broken || (link->to_server.end_told && link->to_client.end_told)) over.push_back(link.get());
    }
    std::erase_if(links_, [&](const auto& link) {
      return std::find(over.begin(), over.end(), link.get()) != over.end();
    });
    if (polled[1].revents != 0) Accept();
  }
}

void FaultProxy::Accept() {
  const int client = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
  if (client < 0) return;
  ++connections_;
  bool refuse;
  {
    std::lock_guard lock(mutex_);
    refuse = refuse_;
  }
  const int server = refuse ? -1 : Connect(target_);
  if (server < 0) {
    close(client);
    return;
  }
  Prepare(client);
  Prepare(server);
  links_.push_back(std::make_unique<Link>(client, server));
}

// Takes in what has come. False: the connection is to be cut here.
bool FaultProxy::Read(Flow& flow) {
  char buffer[16384];
  const ssize_t size = recv(flow.from, buffer, sizeof buffer, 0);
  if (size < 0 && (errno == EAGAIN || errno == EINTR)) return true;
  if (size <= 0) {
    flow.ended = true;
    return true;
  }
  const std::string_view bytes(buffer, static_cast<size_t>(size));
  flow.head.append(bytes.substr(0, kHead - flow.head.size()));
  std::lock_guard lock(mutex_);
  bool cut = false;
  if (cut_at_ && cut_at_->direction == flow.direction && flow.passed + size > cut_at_->after_bytes) {
    flow.tail.append(bytes);
    cut = flow.tail.find(cut_at_->pattern) != std::string::npos;
    const size_t keep = cut_at_->pattern.empty() ? 0 : cut_at_->pattern.size() - 1;
    if (flow.tail.size() > keep) flow.tail.erase(0, flow.tail.size() - keep);
  }
  flow.passed += size;
  const bool forward = !cut || cut_at_->forward;
  if (forward) {
    flow.held.emplace_back(cut ? absl::ZeroDuration() : clock_.Steady() + delay_, bytes);
    flow.held_bytes += bytes.size();
  }
  if (cut) {
    cut_at_.reset();
    ++cuts_;
  }
  return !cut;
}

// Passes on what is due. False: nobody takes it.
bool FaultProxy::Write(Flow& flow, absl::Duration now) {
  while (!flow.held.empty() && flow.held.front().first <= now) {
    std::string& bytes = flow.held.front().second;
    const ssize_t size = send(flow.to, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (size < 0) return errno == EAGAIN || errno == EINTR;
    flow.held_bytes -= static_cast<size_t>(size);
    if (static_cast<size_t>(size) < bytes.size()) {
      bytes.erase(0, static_cast<size_t>(size));
      return true;
    }
    flow.held.pop_front();
  }
  return true;
}

}  // namespace finalmile::testing
