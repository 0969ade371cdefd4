#include "libs/outbox/handler.h"

#include "absl/strings/cord.h"

namespace finalmile::outbox {
namespace {

constexpr const char* kRecordFaultPayload = "finalmile.outbox/record_fault";

}  // namespace

absl::Status RecordFault(std::string_view reason) {
  absl::Status status = absl::InvalidArgumentError({reason.data(), reason.size()});
  status.SetPayload(kRecordFaultPayload, absl::Cord());
  return status;
}

bool IsRecordFault(const absl::Status& status) {
  return storage::IsUnstorable(status) || status.GetPayload(kRecordFaultPayload).has_value();
}

}  // namespace finalmile::outbox
