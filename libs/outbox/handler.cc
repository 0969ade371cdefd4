#include "libs/outbox/handler.h"

#include "absl/strings/cord.h"

namespace finalmile::outbox {
namespace {

constexpr const char* kRecordFaultPayload = "finalmile.outbox/record_fault";

}  // namespace

std::optional<TraceContext> Batch::trace() const {
  for (const Delivery& delivery : deliveries_) {
    if (delivery.trace != deliveries_.front().trace) return std::nullopt;
  }
  return deliveries_.empty() ? std::nullopt : deliveries_.front().trace;
}

absl::Status RecordFault(std::string_view reason) {
  absl::Status status = absl::InvalidArgumentError({reason.data(), reason.size()});
  status.SetPayload(kRecordFaultPayload, absl::Cord());
  return status;
}

bool IsRecordFault(const absl::Status& status) {
  return storage::IsUnstorable(status) || status.GetPayload(kRecordFaultPayload).has_value();
}

}  // namespace finalmile::outbox
