#include "libs/storage/database.h"

#include <fmt/format.h>

#include "absl/strings/cord.h"
#include "libs/storage/postgres/database.h"
#include "libs/storage/sqlite/database.h"
#include "libs/storage/sqlite/lock_file.h"

namespace finalmile::storage {
namespace {

// Tells a conflict from an ABORTED that is an answer, such as a wrong etag.
constexpr const char* kConflictPayload = "finalmile.storage/conflict";

bool Consume(std::string_view& text, std::string_view prefix) {
  if (text.substr(0, prefix.size()) != prefix) return false;
  text.remove_prefix(prefix.size());
  return true;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Database>> Open(std::string_view url, Clock& clock,
                                               const OpenOptions& options) {
  if (options.connections < 1) return absl::InvalidArgumentError("a store needs at least one connection");
  std::string_view rest = url;
  if (Consume(rest, "sqlite:")) return sqlite::Open(std::string(rest), clock, options);
  if (Consume(rest, "postgresql://") || Consume(rest, "postgres://")) {
    return postgres::Open(std::string(url), clock, options);
  }
  // The rest of the text may hold a password.
  return absl::InvalidArgumentError(fmt::format(
      "a store's URL starts with sqlite: or postgresql://, not with \"{}\"", url.substr(0, url.find(':'))));
}

absl::Status Conflict(std::string_view message) {
  absl::Status status = absl::AbortedError(fmt::format("{}", message));
  status.SetPayload(kConflictPayload, absl::Cord());
  return status;
}

bool IsConflict(const absl::Status& status) { return status.GetPayload(kConflictPayload).has_value(); }

absl::StatusOr<std::string> HolderOf(std::string_view path) {
  return sqlite::LockFile::AddressOf(std::string(path) + ".lock");
}

}  // namespace finalmile::storage
