#include "services/catalog/domain/refusal.h"

#include "absl/strings/cord.h"

namespace finalmile::catalog::domain {
namespace {

constexpr char kPayload[] = "finalmile.refusal";

}  // namespace

absl::Status Refuse(std::string_view reason, std::string_view message) {
  absl::Status status(absl::StatusCode::kFailedPrecondition, {message.data(), message.size()});
  status.SetPayload(kPayload, absl::Cord(std::string(reason)));
  return status;
}

std::string RefusalReason(const absl::Status& status) {
  const auto reason = status.GetPayload(kPayload);
  return reason.has_value() ? std::string(*reason) : "";
}

}  // namespace finalmile::catalog::domain
