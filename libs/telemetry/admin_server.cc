#include "libs/telemetry/admin_server.h"

#include <fmt/format.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <mutex>
#include <utility>
#include <vector>

#include "libs/base/status.h"
#include "libs/telemetry/http_port.h"

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
  Impl(const AdminOptions& options, const Metrics& metrics, const Health& health)
      : metrics_(metrics),
        health_(health),
        version_(
            fmt::format("{{\"service\":\"{}\",\"version\":\"{}\"}}\n", options.service, options.version)) {}

  absl::Status Start(const std::string& listen) {
    ASSIGN_OR_RETURN(const Address address, ParseAddress(listen));
    auto port =
        HttpPort::Start(address.host, address.port, [this](std::string_view path) { return Get(path); });
    if (!port.ok()) {
      const std::string why(port.status().message());
      return absl::FailedPreconditionError(
          why == std::strerror(EADDRINUSE)
              ? fmt::format("admin: {} is in use by another process; give a free port with --admin", listen)
              : fmt::format("admin: cannot listen on {}: {}; give another address with --admin", listen,
                            why));
    }
    port_ = *std::move(port);
    const bool ipv6 = address.host.find(':') != std::string::npos;
    address_ = ipv6 ? fmt::format("[{}]:{}", address.host, port_->port())
                    : fmt::format("{}:{}", address.host, port_->port());
    return absl::OkStatus();
  }

  const std::string& address() const { return address_; }

 private:
  HttpAnswer Get(std::string_view path) const {
    if (path == "/metrics")
      return {.type = "text/plain; version=0.0.4; charset=utf-8", .body = metrics_.Serialize()};
    if (path == "/livez") return Answer(health_.Live());
    if (path == "/readyz") return Answer(health_.Ready());
    if (path == "/version") return {.type = "application/json", .body = version_};
    if (path == "/") return {.body = "/metrics\n/livez\n/readyz\n/version\n"};
    return {.status = 404, .body = "Not Found\n"};
  }

  static HttpAnswer Answer(Health::Report report) {
    return {.status = report.ok ? 200 : 503, .body = std::move(report.text)};
  }

  const Metrics& metrics_;
  const Health& health_;
  const std::string version_;
  std::string address_;
  // Last: its thread uses the others.
  std::unique_ptr<HttpPort> port_;
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
