#include "libs/rpc/credentials.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_split.h"
#include "fmt/format.h"
#include "libs/base/status.h"
#include "libs/base/text.h"

namespace finalmile::rpc {
namespace {

using Digest = std::array<unsigned char, SHA256_DIGEST_LENGTH>;

constexpr std::string_view kScheme = "sha256:";

std::optional<Digest> ParseDigest(std::string_view text) {
  if (text.size() != kScheme.size() + 2 * SHA256_DIGEST_LENGTH || text.substr(0, kScheme.size()) != kScheme)
    return {};
  text.remove_prefix(kScheme.size());
  if (!std::all_of(text.begin(), text.end(), [](unsigned char c) { return absl::ascii_isxdigit(c); }))
    return {};
  const std::string bytes = absl::HexStringToBytes(absl::string_view(text.data(), text.size()));
  Digest digest;
  std::memcpy(digest.data(), bytes.data(), digest.size());
  return digest;
}

}  // namespace

struct Credentials::Table {
  struct Entry {
    Digest digest;
    std::shared_ptr<const v1::Principal> principal;
  };
  bool Has(const Digest& digest) const {
    return std::any_of(entries.begin(), entries.end(),
                       [&](const Entry& entry) { return entry.digest == digest; });
  }
  // Nullopt for a line without content; INVALID_ARGUMENT says what is wrong.
  static absl::StatusOr<std::optional<Entry>> Parse(std::string_view line);

  std::vector<Entry> entries;
  // Credentials::problem answers it.
  absl::Status problem;
};

std::string RoleName(v1::Role role) {
  return absl::AsciiStrToLower(v1::Role_Name(role).substr(strlen("ROLE_")));
}

bool IsPrincipalName(std::string_view name) { return IsToken(name, 64, "._-"); }

std::optional<v1::Role> RoleOf(std::string_view name) {
  v1::Role role;
  const std::string upper = "ROLE_" + absl::AsciiStrToUpper(absl::string_view(name.data(), name.size()));
  if (!v1::Role_Parse(upper, &role) || role == v1::ROLE_UNSPECIFIED || RoleName(role) != name)
    return std::nullopt;
  return role;
}

absl::StatusOr<std::optional<Credentials::Table::Entry>> Credentials::Table::Parse(std::string_view line) {
  line = line.substr(0, line.find('#'));
  const std::vector<std::string> words = absl::StrSplit(absl::string_view(line.data(), line.size()),
                                                        absl::ByAnyChar(" \t\r"), absl::SkipEmpty());
  if (words.empty()) return std::nullopt;
  if (words.size() != 3) return absl::InvalidArgumentError("expected `sha256:<digest> name role,role`");
  const std::optional<Digest> digest = ParseDigest(words[0]);
  if (!digest) {
    return absl::InvalidArgumentError("the first word must be sha256: and 64 hexadecimal digits");
  }
  if (!IsPrincipalName(words[1])) {
    return absl::InvalidArgumentError("the name must be 1 to 64 characters of a-z 0-9 . _ -");
  }
  auto principal = std::make_shared<v1::Principal>();
  principal->set_name(words[1]);
  for (const auto& name : absl::StrSplit(words[2], ',')) {
    const std::optional<v1::Role> role = RoleOf({name.data(), name.size()});
    if (!role) {
      return absl::InvalidArgumentError(fmt::format(
          "unknown role '{}'; roles are admin, marketer, setter, host, coach, manager, integration",
          std::string_view(name.data(), name.size())));
    }
    principal->add_roles(*role);
  }
  return Entry{*digest, std::move(principal)};
}

absl::StatusOr<std::unique_ptr<Credentials>> Credentials::Load(std::string path) {
  std::unique_ptr<Credentials> credentials(new Credentials(std::move(path)));
  ASSIGN_OR_RETURN(credentials->stamp_, credentials->Look());
  credentials->table_ = credentials->Read();
  RETURN_IF_ERROR(credentials->problem());
  return credentials;
}

absl::StatusOr<bool> Credentials::Reload() {
  std::lock_guard reload(reload_mutex_);
  absl::StatusOr<Stamp> stamp = Look();
  const Stamp now = stamp.ok() ? *stamp : Stamp();
  if (now == stamp_) return false;
  stamp_ = now;
  std::shared_ptr<const Table> table;
  if (stamp.ok()) {
    table = Read();
  } else {
    auto none = std::make_shared<Table>();
    none->problem = stamp.status();
    table = std::move(none);
  }
  {
    std::lock_guard lock(mutex_);
    table_ = table;
  }
  RETURN_IF_ERROR(table->problem);
  return true;
}

absl::Status Credentials::problem() const {
  std::lock_guard lock(mutex_);
  return table_->problem;
}

std::shared_ptr<const v1::Principal> Credentials::Find(std::string_view token) const {
  Digest digest;
  SHA256(reinterpret_cast<const unsigned char*>(token.data()), token.size(), digest.data());
  std::shared_ptr<const Table> table;
  {
    std::lock_guard lock(mutex_);
    table = table_;
  }
  std::shared_ptr<const v1::Principal> found;
  for (const Table::Entry& entry : table->entries) {
    if (CRYPTO_memcmp(entry.digest.data(), digest.data(), digest.size()) == 0) found = entry.principal;
  }
  return found;
}

absl::StatusOr<Credentials::Stamp> Credentials::Look() const {
  struct stat info;
  if (stat(path_.c_str(), &info) != 0) {
    const std::string message = fmt::format("credentials file {}: {}", path_, std::strerror(errno));
    return errno == ENOENT ? absl::NotFoundError(message) : absl::PermissionDeniedError(message);
  }
  return Stamp{static_cast<int64_t>(info.st_ino), static_cast<int64_t>(info.st_size),
               static_cast<int64_t>(info.st_mtim.tv_sec) * 1'000'000'000 + info.st_mtim.tv_nsec};
}

std::shared_ptr<const Credentials::Table> Credentials::Read() const {
  auto table = std::make_shared<Table>();
  std::ifstream file(path_);
  if (!file) {
    table->problem =
        absl::PermissionDeniedError(fmt::format("credentials file {}: {}", path_, std::strerror(errno)));
    return table;
  }
  std::string first;
  int malformed = 0;
  std::string line;
  for (int number = 1; std::getline(file, line); ++number) {
    absl::StatusOr<std::optional<Table::Entry>> entry = Table::Parse(line);
    if (entry.ok() && *entry && table->Has((*entry)->digest)) {
      entry = absl::InvalidArgumentError("the same token stands on an earlier line");
    }
    if (!entry.ok()) {
      if (malformed++ == 0)
        first = fmt::format("{}:{}: {}", path_, number, std::string(entry.status().message()));
    } else if (*entry) {
      table->entries.push_back(**std::move(entry));
    }
  }
  if (file.bad()) {
    // The entries may be those of a part of the file.
    table->entries.clear();
    table->problem = absl::UnavailableError(fmt::format("credentials file {}: cannot be read", path_));
  } else if (malformed > 0) {
    table->problem = absl::InvalidArgumentError(
        malformed == 1 ? first : fmt::format("{} (and {} more malformed lines)", first, malformed - 1));
  } else if (table->entries.empty()) {
    table->problem = absl::InvalidArgumentError(fmt::format("{}: holds no credentials", path_));
  }
  return table;
}

}  // namespace finalmile::rpc
