#include "libs/telemetry/admin_server.h"

#include <fmt/format.h>
#include <httplib.h>

#include <atomic>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "libs/base/status.h"

namespace finalmile::telemetry {
namespace {

using Checks = std::vector<std::pair<std::string, Health::Check>>;

struct Address {
  // Without the brackets of IPv6.
  std::string host;
  int port = 0;
};

absl::StatusOr<Address> ParseAddress(std::string_view text) {
  const size_t colon = text.rfind(':');
  Address address;
  if (colon != std::string_view::npos && colon > 0) {
    const std::string_view port = text.substr(colon + 1);
    const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), address.port);
    const bool whole = error == std::errc() && end == port.data() + port.size();
    if (whole && address.port >= 0 && address.port <= 65535) {
      address.host = text.substr(0, colon);
      if (address.host.starts_with('[') && address.host.ends_with(']')) {
        address.host = address.host.substr(1, address.host.size() - 2);
      }
      return address;
    }
  }
  return absl::InvalidArgumentError(fmt::format(
      "admin: \"{}\" is no address; write host:port, such as 127.0.0.1:7001 (port 0: any free one)", text));
}

Health::Report RunChecks(const Checks& checks) {
  Health::Report report;
  for (const auto& [name, check] : checks) {
    const absl::Status status = check();
    report.ok = report.ok && status.ok();
    report.text += fmt::format("{}: {}\n", name, status.ok() ? "ok" : std::string(status.message()));
  }
  if (checks.empty()) report.text = "ok\n";
  return report;
}

}  // namespace

struct Health::Impl {
  Checks Copy(const Checks& checks) const {
    std::lock_guard lock(mutex);
    return checks;
  }

  mutable std::mutex mutex;
  Checks live;
  Checks ready;
  std::vector<std::pair<std::string, Health::Note>> notes;
};

Health::Health() : impl_(std::make_unique<Impl>()) {}
Health::~Health() = default;

void Health::AddLive(std::string_view name, Check check) {
  std::lock_guard lock(impl_->mutex);
  impl_->live.emplace_back(name, std::move(check));
}

void Health::AddReady(std::string_view name, Check check) {
  std::lock_guard lock(impl_->mutex);
  impl_->ready.emplace_back(name, std::move(check));
}

void Health::AddNote(std::string_view name, Note note) {
  std::lock_guard lock(impl_->mutex);
  impl_->notes.emplace_back(name, std::move(note));
}

Health::Report Health::Live() const { return RunChecks(impl_->Copy(impl_->live)); }
Health::Report Health::Ready() const {
  Report report = RunChecks(impl_->Copy(impl_->ready));
  const auto notes = [&] {
    std::lock_guard lock(impl_->mutex);
    return impl_->notes;
  }();
  for (const auto& [name, note] : notes) {
    const std::string text = note();
    report.text += fmt::format("{}: {}\n", name, text.empty() ? "ok" : text);
  }
  return report;
}

class AdminServer::Impl {
 public:
  Impl(const AdminOptions& options, const Metrics& metrics, const Health& health) {
    server_.new_task_queue = [] { return new httplib::ThreadPool(2); };
    // The default adds SO_REUSEPORT, with which two processes share a port unawares.
    server_.set_socket_options([](socket_t socket) {
      const int yes = 1;
      setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
    });
    // An idle connection would pin one of the two threads.
    server_.set_keep_alive_max_count(1);
    server_.set_read_timeout(2, 0);
    server_.set_write_timeout(2, 0);
    server_.set_payload_max_length(1024);
    server_.Get("/metrics", [&metrics](const httplib::Request&, httplib::Response& response) {
      response.set_content(metrics.Serialize(), "text/plain; version=0.0.4; charset=utf-8");
    });
    server_.Get("/livez", [&health](const httplib::Request&, httplib::Response& response) {
      Answer(health.Live(), response);
    });
    server_.Get("/readyz", [&health](const httplib::Request&, httplib::Response& response) {
      Answer(health.Ready(), response);
    });
    const std::string version =
        fmt::format("{{\"service\":\"{}\",\"version\":\"{}\"}}\n", options.service, options.version);
    server_.Get("/version", [version](const httplib::Request&, httplib::Response& response) {
      response.set_content(version, "application/json");
    });
    server_.Get("/", [](const httplib::Request&, httplib::Response& response) {
      response.set_content("/metrics\n/livez\n/readyz\n/version\n", "text/plain");
    });
  }

  ~Impl() {
    if (!thread_.joinable()) return;
    // stop() has no effect before the thread has come to serve, which is a matter of microseconds.
    while (!server_.is_running() && !ended_) std::this_thread::yield();
    server_.stop();
    thread_.join();
  }

  absl::Status Start(const std::string& listen) {
    ASSIGN_OR_RETURN(const Address address, ParseAddress(listen));
    errno = 0;
    int port = address.port;
    if (port == 0) {
      port = server_.bind_to_any_port(address.host);
    } else if (!server_.bind_to_port(address.host, port)) {
      port = -1;
    }
    if (port <= 0) {
      return absl::FailedPreconditionError(
          errno == EADDRINUSE
              ? fmt::format("admin: {} is in use by another process; give a free port with --admin", listen)
              : fmt::format("admin: cannot listen on {}: {}; give another address with --admin", listen,
                            errno == 0 ? "the host is unknown" : std::strerror(errno)));
    }
    const bool ipv6 = address.host.find(':') != std::string::npos;
    address_ = ipv6 ? fmt::format("[{}]:{}", address.host, port) : fmt::format("{}:{}", address.host, port);
    thread_ = std::thread([this] {
      server_.listen_after_bind();
      ended_ = true;
    });
    return absl::OkStatus();
  }

  const std::string& address() const { return address_; }

 private:
  static void Answer(const Health::Report& report, httplib::Response& response) {
    response.status = report.ok ? 200 : 503;
    response.set_content(report.text, "text/plain; charset=utf-8");
  }

  httplib::Server server_;
  std::string address_;
  std::atomic<bool> ended_ = false;
  std::thread thread_;
};

absl::StatusOr<std::unique_ptr<AdminServer>> AdminServer::Start(const AdminOptions& options,
                                                                const Metrics& metrics,
                                                                const Health& health) {
  auto impl = std::make_unique<Impl>(options, metrics, health);
  RETURN_IF_ERROR(impl->Start(options.listen));
  return std::unique_ptr<AdminServer>(new AdminServer(std::move(impl)));
}

AdminServer::AdminServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
AdminServer::~AdminServer() = default;

const std::string& AdminServer::address() const { return impl_->address(); }

}  // namespace finalmile::telemetry
