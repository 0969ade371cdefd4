#include "libs/base/address.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <utility>

#include "libs/base/status.h"
#include "libs/base/text.h"

namespace finalmile {
namespace {

absl::StatusOr<std::string> Decode(std::string_view text, std::string_view what) {
  std::optional<std::string> decoded = PercentDecoded(text);
  if (decoded) return *std::move(decoded);
  return absl::InvalidArgumentError(
      fmt::format("{} in the address holds a bad %-escape; write %25 for a percent sign", what));
}

// Where the address of a server begins behind its scheme; npos for a file.
size_t PlaceOf(std::string_view address) {
  const size_t slashes = address.find("://");
  if (slashes != std::string_view::npos) return slashes + 3;
  constexpr std::string_view kSocket = "redis+unix:";
  return address.starts_with(kSocket) ? kSocket.size() : std::string_view::npos;
}

// Where the user info ends, behind its '@'; 0 when there is none. libpq looks for it up to the first slash,
// beyond a question mark.
size_t EndOfUser(std::string_view address, std::string_view place) {
  const bool postgres = address.starts_with("postgres");
  const size_t at = place.substr(0, place.find_first_of(postgres ? "/" : "/?")).rfind('@');
  return at == std::string_view::npos ? 0 : at + 1;
}

bool NamesFile(std::string_view name) {
  if (name.ends_with(".file") || name.ends_with(".location")) return true;
  for (const std::string_view whole : {"passfile", "sslkey", "sslcert", "sslrootcert", "sslcrl"}) {
    if (name == whole) return true;
  }
  return false;
}

bool HoldsSecret(std::string_view name) {
  for (const std::string_view part : {"password", "passwd", "passphrase", "secret", "credential", "key.pem",
                                      "ssl_key", "jaas", "sasl.oauthbearer.config"}) {
    if (name.find(part) != std::string_view::npos) return true;
  }
  return name.ends_with("token");
}

}  // namespace

std::optional<std::string> PercentDecoded(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out.push_back(text[i]);
      continue;
    }
    const std::string_view digits = text.substr(i + 1, 2);
    unsigned char byte = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), byte, 16);
    if (digits.size() < 2 || error != std::errc() || end != digits.data() + 2) return std::nullopt;
    out.push_back(static_cast<char>(byte));
    i += 2;
  }
  return out;
}

absl::StatusOr<std::vector<AddressParameter>> ParametersOf(std::string_view address) {
  std::vector<AddressParameter> parameters;
  const size_t question = address.find('?');
  if (PlaceOf(address) == std::string_view::npos || question == std::string_view::npos) return parameters;
  std::string_view rest = address.substr(question + 1);
  while (!rest.empty()) {
    const size_t end = rest.find('&');
    const std::string_view pair = rest.substr(0, end);
    rest = end == std::string_view::npos ? "" : rest.substr(end + 1);
    const size_t equals = pair.find('=');
    if (equals == std::string_view::npos || equals == 0) {
      return absl::InvalidArgumentError("what follows ? in the address must be name=value&name=value");
    }
    AddressParameter& parameter = parameters.emplace_back();
    ASSIGN_OR_RETURN(parameter.name, Decode(pair.substr(0, equals), "the name of a parameter"));
    ASSIGN_OR_RETURN(parameter.value,
                     Decode(pair.substr(equals + 1), fmt::format("the parameter {}", parameter.name)));
  }
  return parameters;
}

absl::Status CheckNoSecret(std::string_view address) {
  const size_t begin = PlaceOf(address);
  if (begin == std::string_view::npos) return absl::OkStatus();
  const std::string_view place = address.substr(begin);
  if (place.substr(0, EndOfUser(address, place)).find(':') != std::string_view::npos) {
    return absl::InvalidArgumentError(
        "the address holds a password before '@'; put it into a file that only the service can read, and "
        "name the file by a parameter: password.file=PATH");
  }
  ASSIGN_OR_RETURN(const std::vector<AddressParameter> parameters, ParametersOf(address));
  for (const AddressParameter& parameter : parameters) {
    const std::string name = Lower(parameter.name);
    if (NamesFile(name) || !HoldsSecret(name)) continue;
    return absl::InvalidArgumentError(fmt::format(
        "the parameter {} of the address holds a secret; put it into a file that only the service "
        "can read, and name the file by a parameter: {}.file=PATH",
        name, name));
  }
  return absl::OkStatus();
}

std::string ShownAddress(std::string_view address) {
  const size_t begin = PlaceOf(address);
  if (begin == std::string_view::npos) return std::string(address);
  std::string_view place = address.substr(begin);
  place.remove_prefix(EndOfUser(address, place));
  return fmt::format("{}{}", address.substr(0, begin), place.substr(0, place.find('?')));
}

std::string WithoutParameter(std::string_view address, std::string_view name) {
  const size_t question = address.find('?');
  if (question == std::string_view::npos) return std::string(address);
  std::string result(address.substr(0, question));
  std::string_view rest = address.substr(question + 1);
  char before = '?';
  while (!rest.empty()) {
    const size_t end = rest.find('&');
    const std::string_view pair = rest.substr(0, end);
    rest = end == std::string_view::npos ? "" : rest.substr(end + 1);
    const auto decoded = Decode(pair.substr(0, pair.find('=')), "the name of a parameter");
    if (decoded.ok() && *decoded == name) continue;
    result += std::exchange(before, '&');
    result += pair;
  }
  return result;
}

namespace {

// Opens the file, if it is a regular one.
absl::StatusOr<int> OpenSecretFile(std::string_view name, const std::string& path) {
  const auto refuse = [&](std::string_view why) {
    return absl::FailedPreconditionError(fmt::format("{}: cannot read the file {}: {}", name, path, why));
  };
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (file < 0) return refuse(std::strerror(errno));
  struct stat info;
  if (fstat(file, &info) == 0 && S_ISREG(info.st_mode)) return file;
  close(file);
  return refuse("it is no regular file");
}

}  // namespace

absl::Status CheckSecretFile(std::string_view name, const std::string& path) {
  ASSIGN_OR_RETURN(const int file, OpenSecretFile(name, path));
  close(file);
  return absl::OkStatus();
}

absl::StatusOr<std::string> ReadSecretFile(std::string_view name, const std::string& path) {
  constexpr size_t kMost = 64 << 10;
  ASSIGN_OR_RETURN(const int file, OpenSecretFile(name, path));
  std::string text(kMost + 1, '\0');
  size_t size = 0;
  for (ssize_t part; size < text.size() && (part = read(file, text.data() + size, text.size() - size)) > 0;)
    size += static_cast<size_t>(part);
  close(file);
  text.resize(size);
  if (size > kMost) {
    return absl::FailedPreconditionError(fmt::format("{}: the file {} has more than 64 KiB", name, path));
  }
  if (text.ends_with('\n')) text.pop_back();
  if (text.ends_with('\r')) text.pop_back();
  if (text.empty()) return absl::FailedPreconditionError(fmt::format("{}: the file {} is empty", name, path));
  return text;
}

}  // namespace finalmile
