#include "libs/storage/database.h"

#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>

#include "absl/strings/cord.h"
#include "libs/base/address.h"
#include "libs/base/status.h"
#include "libs/storage/postgres/database.h"
#include "libs/storage/sqlite/database.h"
#include "libs/storage/sqlite/lock_file.h"

namespace finalmile::storage {
namespace {

// Tells a conflict from an ABORTED that is an answer, such as a wrong etag.
constexpr const char* kConflictPayload = "finalmile.storage/conflict";

// Tells a value that cannot be stored from other invalid arguments, such as a row of another width.
constexpr const char* kUnstorablePayload = "finalmile.storage/unstorable";

bool Consume(std::string_view& text, std::string_view prefix) {
  if (text.substr(0, prefix.size()) != prefix) return false;
  text.remove_prefix(prefix.size());
  return true;
}

}  // namespace

const Result& Deferred::Answered() const {
  if (answer_->has_value()) return **answer_;
  std::fprintf(stderr, "storage: the result of a deferred statement is read before it was settled\n");
  std::abort();
}

absl::StatusOr<Deferred> Transaction::Defer(std::string_view sql, std::vector<Value> params) {
  ASSIGN_OR_RETURN(Result result, Execute(sql, std::move(params)));
  return Deferred(std::move(result));
}

absl::StatusOr<Deferred> Transaction::DeferMany(std::string_view sql, const std::vector<Row>& rows) {
  ASSIGN_OR_RETURN(Result result, ExecuteMany(sql, rows));
  return Deferred(std::move(result));
}

absl::Status Transaction::Settle() { return absl::OkStatus(); }

absl::StatusOr<std::unique_ptr<Database>> Open(std::string_view url, Clock& clock,
                                               const OpenOptions& options) {
  if (options.connections < 1) return absl::InvalidArgumentError("a store needs at least one connection");
  RETURN_IF_ERROR(CheckNoSecret(url));
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

absl::Status Unstorable(std::string_view message) {
  absl::Status status = absl::InvalidArgumentError(fmt::format("{}", message));
  status.SetPayload(kUnstorablePayload, absl::Cord());
  return status;
}

bool IsUnstorable(const absl::Status& status) { return status.GetPayload(kUnstorablePayload).has_value(); }

absl::StatusOr<std::string> HolderOf(std::string_view path) {
  return sqlite::LockFile::AddressOf(std::string(path));
}

}  // namespace finalmile::storage
