#include "libs/rpc/etag.h"

#include "fmt/format.h"
#include "libs/rpc/errors.h"

namespace finalmile::rpc {

std::string Etag(int64_t version) { return fmt::format("v{}", version); }

absl::Status CheckEtag(std::string_view etag, int64_t version, std::string_view resource) {
  if (etag.empty() || etag == Etag(version)) return absl::OkStatus();
  return Error(absl::StatusCode::kAborted, "ETAG_MISMATCH",
               fmt::format("{} has changed since it was read: read it again and repeat the change", resource),
               {{"resource", resource}});
}

}  // namespace finalmile::rpc
