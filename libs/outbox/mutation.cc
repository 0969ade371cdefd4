#include "libs/outbox/mutation.h"

#include <algorithm>

#include "fmt/format.h"

namespace finalmile::outbox {

absl::Status CheckRequestId(const std::string& request_id) {
  constexpr size_t kMaxLength = 64;
  const bool printable =
      std::all_of(request_id.begin(), request_id.end(), [](char c) { return c > 0x20 && c < 0x7F; });
  if (printable && request_id.size() <= kMaxLength) return absl::OkStatus();
  return rpc::InvalidField("request_id", "must be at most 64 printable ASCII characters without blanks");
}

absl::Status ReplyAgedOut(std::string_view request_id) {
  return rpc::Error(
      absl::StatusCode::kFailedPrecondition, "REPLY_AGED_OUT",
      fmt::format("request_id '{}' took effect more than {} ago; its reply of more than {} KiB is "
                  "not kept any more, read what it changed",
                  request_id, absl::FormatDuration(kLargeReplyLifetime), kLargeReply >> 10));
}

}  // namespace finalmile::outbox
