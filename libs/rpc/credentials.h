#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "finalmile/v1/principal.pb.h"

namespace finalmile::rpc {

// Bearer tokens and whom they stand for, from a file of lines
//
//   sha256:<64 hexadecimal digits> name role,role     # comment
//
// The digest is that of the token (`printf %s "$TOKEN" | sha256sum`), so the file holds no secret. A token is
// 32 random bytes or more, in any printable form (`openssl rand -hex 32`): there is no salt. A name is
// [a-z0-9._-], at most 64 characters. Roles are admin, marketer, setter, host, coach, manager, integration.
// Several tokens may name one principal (one is being replaced). Thread-safe.
class Credentials {
 public:
  // NOT_FOUND for a missing file; INVALID_ARGUMENT names file and line.
  static absl::StatusOr<std::unique_ptr<Credentials>> Load(std::string path);

  // Reads the file again if it has changed since the last look; to be called every few seconds. True: new
  // credentials hold from now on. A token is admitted by a line that can be read now, and by nothing else:
  // where lines are malformed the others hold, and where the file cannot be read no token does. Such an error
  // is reported once per change.
  absl::StatusOr<bool> Reload();
  // The fault of the file as it was read last: it names the first malformed line and counts the others. OK:
  // every line holds.
  absl::Status problem() const;

  // Null when no line has the token's digest. Takes as long for a wrong token as for a right one.
  std::shared_ptr<const v1::Principal> Find(std::string_view token) const;

 private:
  struct Table;
  struct Stamp {
    int64_t inode = 0;
    int64_t size = 0;
    int64_t modified_ns = 0;
    bool operator==(const Stamp&) const = default;
  };

  explicit Credentials(std::string path) : path_(std::move(path)) {}
  absl::StatusOr<Stamp> Look() const;
  std::shared_ptr<const Table> Read() const;

  const std::string path_;
  std::mutex reload_mutex_;
  Stamp stamp_;
  mutable std::mutex mutex_;
  std::shared_ptr<const Table> table_;
};

// "ROLE_MARKETER" is "marketer" to people.
std::string RoleName(v1::Role role);
std::optional<v1::Role> RoleOf(std::string_view name);

// A principal's name: 1 to 64 characters of a-z 0-9 . _ -
bool IsPrincipalName(std::string_view name);

}  // namespace finalmile::rpc
