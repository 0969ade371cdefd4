#include "services/finalmile/connection.h"

#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <set>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "libs/app/settings.h"
#include "libs/base/address.h"
#include "libs/base/status.h"
#include "libs/config/file.h"
#include "libs/rpc/listen_address.h"
#include "libs/storage/database.h"
#include "services/finalmile/routing_channel.h"

namespace finalmile::cli {
namespace {

// A server that was there and went away is waited for by each call; one that never was, so long where nobody
// says for how long: it may be starting, or its address may be new to the network.
constexpr absl::Duration kConnectWait = absl::Seconds(5);
constexpr absl::Duration kConnectPause = absl::Milliseconds(200);
// How long a command waits for the store of another that is about to end or to say where it is.
constexpr absl::Duration kStoreWait = absl::Seconds(10);
constexpr absl::Duration kStoreRetry = absl::Milliseconds(50);
// The most bytes of a bearer token.
constexpr size_t kLongestToken = 4096;

void FromEnvironment(const char* name, std::string& value) {
  if (const char* set = std::getenv(name); value.empty() && set != nullptr) value = set;
}

constexpr std::string_view kDns = "dns:///";

absl::Status CheckAddress(const std::string& given) {
  const std::string address = given.starts_with(kDns) ? given.substr(kDns.size()) : given;
  if (address.starts_with("unix:") && address.size() > sizeof("unix:") - 1) return absl::OkStatus();
  const size_t colon = address.rfind(':');
  int32_t port = 0;
  if (colon != std::string::npos && colon > 0 && address.find('/') == std::string::npos &&
      absl::SimpleAtoi(address.substr(colon + 1), &port) && port >= 1 && port <= 65'535) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(
      fmt::format("--address (or FINALMILE_ADDRESS) '{}' must be HOST:PORT, such as 127.0.0.1:7000, or one "
                  "for each service: "
                  "leads=HOST:PORT,catalog=HOST:PORT",
                  given));
}

// Every address that the name in a target has now. A host with both kinds of addresses is one process.
absl::StatusOr<std::vector<std::string>> AddressesBehind(std::string_view target) {
  if (target.starts_with("unix:")) return std::vector<std::string>{std::string(target)};
  if (target.starts_with(kDns)) target.remove_prefix(kDns.size());
  const size_t colon = target.rfind(':');
  std::string host(target.substr(0, colon));
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  int port = 0;
  if (!absl::SimpleAtoi(std::string(target.substr(colon + 1)), &port)) port = 0;
  const absl::StatusOr<rpc::Addresses> found = rpc::Resolve(host, port);
  if (!found.ok()) return absl::UnavailableError(found.status().message());
  std::set<std::string> v4;
  std::set<std::string> v6;
  for (const addrinfo* each = found->get(); each != nullptr; each = each->ai_next) {
    char text[INET6_ADDRSTRLEN];
    if (getnameinfo(each->ai_addr, each->ai_addrlen, text, sizeof text, nullptr, 0, NI_NUMERICHOST) != 0)
      continue;
    if (each->ai_family == AF_INET) v4.insert(fmt::format("{}:{}", text, port));
    if (each->ai_family == AF_INET6) v6.insert(fmt::format("[{}]:{}", text, port));
  }
  const std::set<std::string>& chosen = v4.empty() ? v6 : v4;
  return std::vector<std::string>(chosen.begin(), chosen.end());
}

absl::StatusOr<std::string> ReadToken(const std::string& path) {
  absl::StatusOr<std::string> token = config::ReadFile(path);
  if (!token.ok()) {
    return absl::Status(token.status().code(),
                        fmt::format("--token-file: {}", std::string(token.status().message())));
  }
  token->erase(token->find_last_not_of(" \r\n") + 1);
  const bool whole = std::all_of(token->begin(), token->end(), [](char c) { return c > ' ' && c <= '~'; });
  if (whole && !token->empty() && token->size() <= kLongestToken) return token;
  return absl::InvalidArgumentError(
      fmt::format("--token-file {}: must hold one token of 1 to {} printable characters without blanks", path,
                  kLongestToken));
}

}  // namespace

SuiteConnector::SuiteConnector(CommonFlags flags, Clock& clock, Rng& rng)
    : flags_(std::move(flags)), clock_(clock), rng_(rng) {
  FromEnvironment("FINALMILE_ADDRESS", flags_.address);
  FromEnvironment("FINALMILE_TOKEN_FILE", flags_.token_file);
  FromEnvironment("FINALMILE_AS", flags_.act_as);
  FromEnvironment("FINALMILE_STORE", flags_.store);
  // Whether it is given decides which way `events tail` takes.
  FromEnvironment("FINALMILE_EVENTS", flags_.events);
}

SuiteConnector::~SuiteConnector() {
  channel_.reset();
  if (suite_ != nullptr) suite_->Stop();
}

config::Assignments SuiteConnector::Settings() const {
  config::Assignments settings;
  if (!flags_.data.empty()) settings.emplace_back("data", flags_.data);
  if (!flags_.store.empty()) settings.emplace_back("store", flags_.store);
  if (!flags_.service.empty()) settings.emplace_back("service", flags_.service);
  if (!flags_.events.empty()) settings.emplace_back("events", flags_.events);
  return settings;
}

absl::StatusOr<rpc::Channel*> SuiteConnector::Channel() {
  if (channel_ == nullptr) RETURN_IF_ERROR(Connect());
  return channel_.get();
}

std::string SuiteConnector::Where() const { return where_; }

absl::StatusOr<std::unique_ptr<rpc::Channel>> SuiteConnector::NewChannel(const std::string& target) {
  rpc::ChannelOptions options{.target = target, .token = {}, .act_as = flags_.act_as};
  if (!flags_.token_file.empty()) {
    ASSIGN_OR_RETURN(options.token, ReadToken(flags_.token_file));
  }
  return rpc::NewGrpcChannel(std::move(options), clock_, rng_);
}

absl::Status SuiteConnector::Dial(const std::string& target) {
  ASSIGN_OR_RETURN(auto channel, NewChannel(target));
  const absl::Duration timeout = absl::Seconds(flags_.timeout_seconds);
  const absl::Duration deadline =
      clock_.Steady() + (flags_.timeout_given ? timeout : std::min(kConnectWait, timeout));
  // On this machine nobody is about to come, unless somebody says for how long to wait.
  const auto address = rpc::ParseListenAddress(target);
  const bool here = target.starts_with("unix:") || (address.ok() && address->loopback);
  const bool again = flags_.timeout_given || !here;
  const std::unique_ptr<WaitEvent> never = clock_.NewWaitEvent();
  while (true) {
    absl::Status connected = channel->Connect(deadline - clock_.Steady());
    if (connected.ok()) break;
    const absl::Duration next = clock_.Steady() + kConnectPause;
    if (!absl::IsUnavailable(connected) || !again || next >= deadline) return connected;
    never->WaitUntil(next);
  }
  channel_ = std::move(channel);
  return absl::OkStatus();
}

absl::StatusOr<std::vector<std::pair<std::string, std::string>>> SuiteConnector::Targets() const {
  std::vector<std::pair<std::string, std::string>> targets;
  if (flags_.address.find('=') == std::string::npos) {
    RETURN_IF_ERROR(CheckAddress(flags_.address));
    targets.emplace_back("", flags_.address);
    return targets;
  }
  for (const std::string& part : std::vector<std::string>(absl::StrSplit(flags_.address, ','))) {
    const size_t equals = part.find('=');
    const std::string service = part.substr(0, equals);
    if (equals == std::string::npos || service.empty())
      return absl::InvalidArgumentError(fmt::format("--address '{}' must be SERVICE=HOST:PORT", part));
    RETURN_IF_ERROR(ModulesNamed(service).status());
    const std::string target = part.substr(equals + 1);
    RETURN_IF_ERROR(CheckAddress(target));
    targets.emplace_back(service, target);
  }
  return targets;
}

absl::Status SuiteConnector::DialAddress() {
  where_ = flags_.address;
  ASSIGN_OR_RETURN(const auto targets, Targets());
  if (targets.front().first.empty()) return Dial(targets.front().second);
  std::map<std::string, std::unique_ptr<rpc::Channel>, std::less<>> services;
  for (const auto& [service, target] : targets) {
    // Whoever is not there is missed by the first call that needs it.
    ASSIGN_OR_RETURN(services[service], NewChannel(target));
  }
  channel_ = std::make_unique<RoutingChannel>(std::move(services));
  return absl::OkStatus();
}

absl::StatusOr<std::vector<Process>> SuiteConnector::Processes() {
  std::vector<Process> processes;
  if (flags_.address.empty()) return processes;
  ASSIGN_OR_RETURN(const auto targets, Targets());
  for (const auto& [service, target] : targets) {
    const absl::StatusOr<std::vector<std::string>> addresses = AddressesBehind(target);
    if (!addresses.ok()) processes.push_back({service, target, addresses.status()});
    for (const std::string& address : addresses.ok() ? *addresses : std::vector<std::string>())
      processes.push_back({service, address, NewChannel(address)});
  }
  return processes;
}

absl::Status SuiteConnector::Connect() {
  if (!flags_.address.empty()) return DialAddress();
  const std::unique_ptr<WaitEvent> never = clock_.NewWaitEvent();
  const absl::Duration deadline = clock_.Steady() + kStoreWait;
  while (true) {
    absl::Status connected = UseHolderOrStart();
    // Another command took the store at the same moment, or has not said yet where it is, or is about to end.
    const bool passing = absl::IsUnavailable(connected) || absl::IsAborted(connected);
    if (!passing || clock_.Steady() >= deadline) return connected;
    never->WaitUntil(clock_.Steady() + kStoreRetry);
  }
}

absl::Status SuiteConnector::UseHolderOrStart() {
  ASSIGN_OR_RETURN(const config::Config config, SuiteConfig(Settings()));
  std::vector<std::string> paths;
  for (const app::ModuleSpec* module : Modules()) {
    const std::string store = app::StoreUrl(config, module->name, Modules().size());
    if (const std::string_view path = app::EmbeddedPath(store); !path.empty()) paths.emplace_back(path);
  }
  if (!paths.empty()) {
    // A suite takes and frees its stores in the order of its modules: who has the first one is neither about
    // to begin nor to end.
    const absl::StatusOr<std::string> holder = storage::HolderOf(paths.front());
    if (holder.ok()) {
      where_ = fmt::format("{} (holds {})", *holder, paths.front());
      return Dial(*holder);
    }
    if (!absl::IsNotFound(holder.status())) return holder.status();
  }
  auto suite = StartQuietly(Settings());
  const bool held = std::any_of(paths.begin(), paths.end(), [](const std::string& path) {
    return !absl::IsNotFound(storage::HolderOf(path).status());
  });
  if (absl::IsFailedPrecondition(suite.status()) && held)
    return absl::AbortedError(std::string(suite.status().message()));
  RETURN_IF_ERROR(suite.status());
  suite_ = *std::move(suite);
  std::vector<std::string> stores;
  for (const auto& [service, store] : suite_->stores()) stores.push_back(ShownAddress(store));
  where_ = fmt::format("in this process ({})", fmt::join(stores, ", "));
  return Dial(suite_->address());
}

absl::StatusOr<events::EventLog*> SuiteConnector::Events() {
  if (events_ != nullptr) return events_.get();
  config::Assignments settings = Settings();
  // No store is opened, so it need not be clear whose one is.
  std::erase_if(settings, [](const auto& setting) { return setting.first == "store"; });
  ASSIGN_OR_RETURN(const config::Config config, SuiteConfig(settings));
  ASSIGN_OR_RETURN(events_, events::Open(app::EventsUrl(config), clock_));
  return events_.get();
}

absl::Status SuiteConnector::Settle() {
  if (suite_ == nullptr) return absl::OkStatus();
  // Whoever acts may not ask how the suite is.
  const auto channel = rpc::NewGrpcChannel({.target = suite_->address()}, clock_, rng_);
  const absl::Status settled = WaitUntilSettled(*channel, clock_);
  // What is stored is taken up by the next command.
  return absl::IsDeadlineExceeded(settled) ? absl::OkStatus() : settled;
}

}  // namespace finalmile::cli
