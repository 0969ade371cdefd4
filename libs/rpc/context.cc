#include "libs/rpc/context.h"

#include <algorithm>

namespace finalmile::rpc {

bool CallContext::HasRole(v1::Role role) const {
  const auto& roles = info_.principal->roles();
  return std::find(roles.begin(), roles.end(), role) != roles.end();
}

absl::Duration CallContext::Remaining() const {
  return std::max(absl::ZeroDuration(), info_.deadline - clock_.Steady());
}

absl::Status CallContext::Check() const {
  if (cancelled()) return absl::CancelledError("the caller has gone");
  const absl::Duration now = clock_.Steady();
  if (now >= info_.deadline) return absl::DeadlineExceededError("the call's deadline has passed");
  if (info_.standstill != nullptr && info_.standstill->CountAt(now) != info_.standstills)
    return Standstill::Refusal();
  return absl::OkStatus();
}

const AnswerRules& CallContext::answers() const {
  static const auto& defaults = *new AnswerRules();
  return info_.answers == nullptr ? defaults : *info_.answers;
}

std::string_view CallContext::metadata(std::string_view key) const {
  for (const auto& [name, value] : info_.metadata) {
    if (name == key) return value;
  }
  return {};
}

}  // namespace finalmile::rpc
