#include "libs/cache/address.h"

#include <fmt/format.h>

#include <charconv>

#include "absl/status/status.h"
#include "libs/base/address.h"
#include "libs/base/status.h"

namespace finalmile::cache {
namespace {

bool Consume(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

absl::Status Refuse(std::string_view what) {
  return absl::InvalidArgumentError(fmt::format("cache: {}", what));
}

absl::Status ParseHost(std::string_view text, RedisAddress& address) {
  std::string_view port;
  if (text.starts_with('[')) {
    const size_t end = text.find(']');
    if (end == std::string_view::npos) return Refuse("an IPv6 address lacks its closing bracket");
    address.host = text.substr(1, end - 1);
    port = text.substr(end + 1);
    if (!port.empty() && !Consume(port, ":")) return Refuse("after ] comes :port");
  } else {
    const size_t colon = text.find_first_of(":/");
    address.host = text.substr(0, colon);
    if (colon != std::string_view::npos) port = text[colon] == ':' ? text.substr(colon + 1) : "/";
  }
  if (address.host.empty()) return Refuse("the host is missing; write redis://host:port");
  if (port.empty()) return absl::OkStatus();
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), address.port);
  if (error != std::errc() || end != port.data() + port.size() || address.port < 1 || address.port > 65535) {
    return Refuse("what follows the host must be a port from 1 to 65535; write redis://host:port");
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<RedisAddress> ParseRedisAddress(std::string_view url) {
  const std::string_view scheme = url.substr(0, url.find(':'));
  const size_t question = url.find('?');
  std::string_view place = url.substr(0, question);
  RETURN_IF_ERROR(CheckNoSecret(url));
  ASSIGN_OR_RETURN(const std::vector<AddressParameter> parameters, ParametersOf(url));

  RedisAddress address;
  if (Consume(place, "redis+unix:")) {
    address.path = place;
    if (place.empty()) return Refuse("the socket's path is missing; write redis+unix:PATH");
  } else if (Consume(place, "redis://")) {
    if (place.find('@') != std::string_view::npos) {
      return Refuse(
          "an address holds no password, since others can read it; write "
          "redis://host:port?user=NAME&password.file=PATH");
    }
    RETURN_IF_ERROR(ParseHost(place, address));
  } else {
    return Refuse(
        fmt::format("no engine for \"{}\"; write local:, redis://host:port or redis+unix:PATH", scheme));
  }
  for (const AddressParameter& parameter : parameters) {
    if (parameter.name == "user") {
      address.user = parameter.value;
    } else if (parameter.name == "password.file") {
      address.password_file = parameter.value;
      if (parameter.value.empty()) return Refuse("password.file is empty; write the path of the file");
    } else {
      return Refuse(
          fmt::format("\"{}\" is unknown after ?; there are user and password.file", parameter.name));
    }
  }
  if (!address.user.empty() && address.password_file.empty()) {
    return Refuse("a user needs a password; add &password.file=PATH");
  }
  return address;
}

}  // namespace finalmile::cache
